#include "bundle/verify.h"

#include <torch/types.h>

#include <optional>

#include "bundle/bundle.h"
#include "bundle/golden.h"
#include "bundle/int8_network.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// Hands `report` what `action` returns, or the error that it throws. Whether it threw none.
template <typename Action>
bool check(const std::function<void(const BundleCheck&)>& report, const std::string& what, const Action& action) {
  BundleCheck result{what, true, ""};
  try {
    result.detail = action();
  } catch (const Error& error) {
    result = {what, false, error.what()};
  } catch (const c10::Error& error) {
    result = {what, false, error.what_without_backtrace()};
  }
  report(result);
  return result.passed;
}

bool check_network(const fs::path& folder, const NetworkSpec& spec,
                   const std::function<void(const BundleCheck&)>& report) {
  const auto check_file = [&](const PinnedFile& file) {
    return check(report, text(spec.name, ": sha256 of ", file.file), [&] {
      check_pinned_file(folder, file);
      return file.sha256;
    });
  };
  const bool valid_weights = check_file(spec.weights);
  const bool valid_golden = check_file(spec.golden.tensors);
  if (!valid_weights) return false;
  std::optional<BundleNetwork> network;
  const bool loaded = check(report, spec.name + ": tensors", [&] {
    network = load_bundle_network(folder, spec);
    if (spec.architecture == kExportedArchitecture) return std::string("operators, weights and inputs are valid");
    return text(network->network.module->parameters().size(), " parameters and ",
                network->network.module->buffers().size(), " buffers fit ", spec.architecture);
  });
  if (!loaded || !valid_golden) return false;
  const bool is_golden = check(report, spec.name + ": golden output", [&] {
    const double difference = golden_difference(*network, read_safetensors(folder / spec.golden.tensors.file));
    std::string figures = text("largest difference ", difference, ", allowed ", spec.golden.tolerance);
    if (difference > spec.golden.tolerance) throw Error(ErrorKind::BundleInvalid, figures);
    return figures;
  });
  if (spec.activation_ranges.empty() || !has_int8_convolutions()) return is_golden;
  return check(report, spec.name + ": golden output in 8-bit integers",
               [&] {
                 const auto int8 = int8_network(folder, *network);
                 return text("mean difference ", int8_golden_difference(folder, spec, *int8), ", allowed ",
                             kInt8Tolerance);
               }) &&
         is_golden;
}

}  // namespace

bool verify_bundle(const fs::path& folder, const std::function<void(const BundleCheck&)>& report,
                   const std::function<void(const Manifest&)>& check_runs) {
  Manifest manifest;
  const bool readable = check(report, "manifest", [&] {
    manifest = read_manifest(folder);
    return text(manifest.name, " ", manifest.version, ", ", manifest.networks.size(), " networks");
  });
  if (!readable) return false;
  const bool plausible = check(report, "claims", [&] {
    check_claims(folder, manifest);
    check_runs(manifest);
    return std::string("inputs, outputs and sizes are such as this version runs");
  });
  if (!plausible) return false;
  bool passed = true;
  for (const NetworkSpec& spec : manifest.networks) passed = check_network(folder, spec, report) && passed;
  return passed;
}

}  // namespace lumbargrade
