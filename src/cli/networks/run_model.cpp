#include <iomanip>
#include <iostream>
#include <optional>
#include <sstream>

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "bundle/measure_keys.h"
#include "bundle/verify.h"
#include "cli/commands.h"
#include "cli/networks/run_commands.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "core/sha256.h"
#include "core/wrapped_text.h"
#include "pipeline/load_grader.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLabelWidth = 14;
constexpr int kProbabilityDecimals = 3;

/// Lines of "label  value", no wider than a terminal.
class Card {
 public:
  void heading(const std::string& title) { out_ << "\n" << title << "\n"; }
  void line(const std::string& label, const std::string& value) {
    out_ << "  " << std::left << std::setw(static_cast<int>(kLabelWidth)) << label;
    out_ << (label.size() > kLabelWidth ? "\n" + std::string(kLabelWidth + 3, ' ') : " ");
    out_ << wrapped(value, kLabelWidth + 3) << "\n";
  }
  std::string str() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

std::string axis_text(const AxisSpec& axis) {
  std::string result = axis.name;
  if (axis.size) result += text(" ", *axis.size);
  if (!axis.size && axis.multiple_of > 1) result += text(" (multiple of ", axis.multiple_of, ")");
  if (axis.spacing_mm) result += text(" @ ", *axis.spacing_mm, " mm");
  if (axis.extent_mm()) result += text(" = ", *axis.extent_mm(), " mm");
  if (axis.towards) result += text(" -> ", *axis.towards);
  return result;
}

std::string scale_text(const NormalisationSpec& normalisation) {
  const auto& scale = normalisation.scale;
  return scale ? text("greys from 0 to 1, minus ", scale->mean, ", over ", scale->deviation) : "mean 0, SD 1";
}

std::string input_text(const InputSpec& input) {
  std::vector<std::string> axes;
  for (const AxisSpec& axis : input.axes) axes.push_back(axis_text(axis));
  if (input.series.empty()) return text(input.name, ": ", joined(axes), "; answers of the networks it joins");
  return text(input.name, " from ", joined(input.series, " or "), ": ", joined(axes), "; ", input.interpolation,
              " interpolation, padded with ", input.padding, ", percentiles ", input.normalisation.low_percentile,
              " to ", input.normalisation.high_percentile, " to ", scale_text(input.normalisation));
}

std::string output_text(const OutputSpec& output) {
  return text(output.name, ": ", output.activation, " of ", joined(output.classes), "; temperature ",
              output.temperature, ", 1/", output.downsampling, " resolution");
}

void add_network(const NetworkSpec& network, Card& card) {
  card.heading("Network: " + network.name + (network.name == network.role ? "" : " (" + network.role + ")"));
  card.line("architecture", network.architecture + " " + network.parameters.dump());
  card.line("weights", network.weights.file + "  sha256 " + network.weights.sha256);
  for (const InputSpec& input : network.inputs) card.line("input", input_text(input));
  for (const OutputSpec& output : network.outputs) card.line("output", output_text(output));
}

std::string level_text(const Probabilities& probabilities) {
  std::vector<std::string> figures;
  for (const double figure : probabilities) figures.push_back(fixed_decimals(figure, kProbabilityDecimals));
  return joined(figures, "/");
}

void add_condition(const ConditionSpec& spec, Card& card) {
  card.line(std::string(grading_role(spec.condition)),
            text("from networks, mean of ", spec.combine, " over ", spec.tta.size(), " look(s), temperature ",
                 spec.temperature, ", weight ", spec.model_weight, " against the prior, ", spec.measure_weight,
                 " of it for the measure", spec.flags.empty() ? "" : "; flags " + joined(spec.flags)));
  card.line("", spec.source);
}

void add_measure(const MeasureKey& key, const MeasureModel& measure, Card& card) {
  card.line(std::string(grading_role(key.condition)),
            text("from ", measure_name(key.measure), ", weight ", measure.model_weight, " against the prior"));
  card.line("", measure.source);
  for (const Level level : kLevels) {
    const auto& cuts = measure.levels[index_of(level)];
    card.line("", text("  ", level_name(level), "  moderate below ", cuts.moderate_below, ", severe below ",
                       cuts.severe_below));
  }
}

void add_grading(const GradingSpec& grading, Card& card) {
  card.heading("Grading");
  for (const MeasureKey& key : kMeasureKeys) {
    const auto& measure = grading.measure(key.measure);
    if (measure) add_measure(key, *measure, card);
  }
  for (const ConditionSpec& spec : grading.conditions) add_condition(spec, card);
  card.line("prior", grading.prior_source);
  for (const Condition condition : kConditions) {
    card.line("", std::string(condition_key(condition)) + ", normal_mild/moderate/severe:");
    for (const Level level : kLevels) {
      card.line("",
                text("  ", level_name(level), "  ", level_text(grading.prior[index_of(condition)][index_of(level)])));
    }
  }
}

std::string card_text(const Manifest& manifest, const fs::path& folder) {
  Card card;
  card.line("bundle", manifest.name + " " + manifest.version);
  card.line("folder", folder.string());
  card.line("manifest", "sha256 " + sha256_of_file(folder / kManifestFile));
  card.line("intended use", manifest.intended_use);
  card.line("licence", manifest.licence);
  for (const std::string& source : manifest.attribution) card.line("attribution", source);
  for (const NetworkSpec& network : manifest.networks) add_network(network, card);
  add_grading(manifest.grading, card);
  card.heading("Training data");
  for (const TrainingDataSpec& data : manifest.training_data) {
    card.line(data.used_for,
              text(data.source, ": ", data.count, " ", data.unit, " (", data.licence, "); ", data.split));
  }
  card.heading("Measured");
  for (const MetricSpec& metric : manifest.metrics) {
    card.line(metric.what,
              text(metric.name, " ", metric.value, " ", metric.unit, " on ", metric.set, " (n = ", metric.count, ")"));
  }
  return card.str();
}

std::string info_json(const Manifest& manifest, const fs::path& folder) {
  const nlohmann::ordered_json json = {{"folder", folder.string()},
                                       {"manifest_sha256", sha256_of_file(folder / kManifestFile)},
                                       {"manifest", nlohmann::ordered_json::parse(manifest_text(manifest))}};
  return json.dump(2) + "\n";
}

nlohmann::ordered_json to_json(const BundleCheck& check) {
  return {{"check", check.what}, {"passed", check.passed}, {"detail", check.detail}};
}

}  // namespace

int run_model_info(const ModelOptions& options) {
  const fs::path folder = find_bundle(options.bundle);
  const Manifest manifest = read_manifest(folder);
  check_claims(folder, manifest);
  check_runs(manifest, (folder / kManifestFile).string());
  print(options.json ? info_json(manifest, folder) : card_text(manifest, folder));
  return 0;
}

int run_model_verify(const ModelOptions& options) {
  const fs::path folder = find_bundle(options.bundle);
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  const auto report = [&](const BundleCheck& check) {
    checks.push_back(to_json(check));
    if (!options.json) {
      std::cout << (check.passed ? "ok      " : "FAILED  ") << check.what << ": " << check.detail << "\n";
    }
  };
  const bool passed = verify_bundle(
      folder, report, [&](const Manifest& manifest) { check_runs(manifest, (folder / kManifestFile).string()); });
  if (options.json) {
    const nlohmann::ordered_json json = {{"folder", folder.string()}, {"passed", passed}, {"checks", checks}};
    std::cout << json.dump(2) << "\n";
  } else {
    std::cout << (passed ? "valid   " : "INVALID ") << folder.string() << "\n";
  }
  flush_output();
  return passed ? 0 : static_cast<int>(ErrorKind::BundleInvalid);
}

}  // namespace lumbargrade::cli
