#include "bundle/verify.h"

#include <torch/types.h>

#include <optional>

#include "bundle/bundle.h"
#include "bundle/golden.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

class Verifier {
 public:
  Verifier(const fs::path& folder, const std::function<void(const BundleCheck&)>& report,
           const std::function<void(const Manifest&)>& check_runs)
      : folder_(folder), report_(report), check_runs_(check_runs) {}

  bool run() {
    const bool readable = check("manifest", [this] {
      manifest_ = read_manifest(folder_);
      return text(manifest_.name, " ", manifest_.version, ", ", manifest_.networks.size(), " networks");
    });
    if (!readable) return false;
    const bool plausible = check("claims", [this] {
      check_claims(folder_, manifest_);
      check_runs_(manifest_);
      return std::string("inputs, outputs and sizes are such as this version runs");
    });
    if (!plausible) return false;
    for (const NetworkSpec& spec : manifest_.networks) check_network(spec);
    return passed_;
  }

 private:
  void check_network(const NetworkSpec& spec) {
    const bool sound_weights = check_file(spec, spec.weights);
    const bool sound_golden = check_file(spec, spec.golden.tensors);
    if (!sound_weights) return;
    std::optional<BundleNetwork> network;
    const bool loaded = check(spec.name + ": tensors", [&] {
      network = load_bundle_network(folder_, spec);
      if (spec.architecture == kExportedArchitecture) return std::string("operators, weights and inputs are sound");
      return text(network->network.module->parameters().size(), " parameters and ",
                  network->network.module->buffers().size(), " buffers fit ", spec.architecture);
    });
    if (loaded && sound_golden) check_golden(*network);
  }

  bool check_file(const NetworkSpec& spec, const PinnedFile& file) {
    return check(text(spec.name, ": sha256 of ", file.file), [&] {
      check_pinned_file(folder_, file);
      return file.sha256;
    });
  }

  void check_golden(const BundleNetwork& network) {
    const GoldenSpec& golden = network.spec.golden;
    check(network.spec.name + ": golden output", [&] {
      const double difference = golden_difference(network, read_safetensors(folder_ / golden.tensors.file));
      std::string figures = text("largest difference ", difference, ", allowed ", golden.tolerance);
      if (difference > golden.tolerance) throw Error(ErrorKind::BundleInvalid, figures);
      return figures;
    });
  }

  /// Reports what `action` returns, or the error that it throws.
  template <typename Action>
  bool check(const std::string& what, const Action& action) {
    BundleCheck result{what, true, ""};
    try {
      result.detail = action();
    } catch (const Error& error) {
      result = {what, false, error.what()};
    } catch (const c10::Error& error) {
      result = {what, false, error.what_without_backtrace()};
    }
    passed_ = passed_ && result.passed;
    report_(result);
    return result.passed;
  }

  const fs::path& folder_;
  const std::function<void(const BundleCheck&)>& report_;
  const std::function<void(const Manifest&)>& check_runs_;
  Manifest manifest_;
  bool passed_ = true;
};

}  // namespace

bool verify_bundle(const fs::path& folder, const std::function<void(const BundleCheck&)>& report,
                   const std::function<void(const Manifest&)>& check_runs) {
  return Verifier(folder, report, check_runs).run();
}

}  // namespace lumbargrade
