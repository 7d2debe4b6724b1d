#include "training/imported/import_network.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/find_bundle.h"
#include "bundle/golden.h"
#include "bundle/kept_networks.h"
#include "bundle/model_card.h"
#include "bundle/write_bundle.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/log.h"
#include "core/table.h"
#include "training/calibration/grader_calibration.h"
#include "training/imported/exported_crops.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kImportTolerance = 1e-4;
constexpr double kLeastProbability = 1e-6;
constexpr double kSumTolerance = 1e-3;

[[noreturn]] void refuse_import(const std::string& why) {
  throw Error(ErrorKind::Usage, why);
}

void check_options(const NetworkImport& options) {
  if (options.golden.size() != options.exported.size()) {
    refuse_import(text("--golden names ", options.golden.size(), " files, --exported ", options.exported.size(),
                       ": each network needs inputs with what PyTorch answers"));
  }
  if (options.mean.has_value() != options.deviation.has_value())
    refuse_import("--mean and --deviation belong together");
  if (fs::exists(options.out)) {
    throw Error(ErrorKind::Failure, text(options.out.string(), " is there already; give another --out"));
  }
}

/// The export's network that is meant.
ExportedEntry chosen_entry(const NetworkImport& options) {
  std::vector<ExportedEntry> fitting;
  std::vector<std::string> folders;
  for (ExportedEntry& entry : read_exported_crops(options.crops)) {
    if (entry.condition != options.condition || (!options.entry.empty() && entry.folder != options.entry)) continue;
    folders.push_back(entry.folder);
    fitting.push_back(std::move(entry));
  }
  const std::string condition(condition_key(options.condition));
  if (fitting.empty())
    refuse_import(text(options.crops.string(), " holds no such crops of ", condition,
                       " alone, for a network that grades nothing else"));
  if (fitting.size() > 1) {
    refuse_import(text(options.crops.string(), " holds several networks' crops of ", condition, " (", joined(folders),
                       "); --entry names one"));
  }
  return std::move(fitting.front());
}

/// The inputs in the order of --view.
std::vector<InputSpec> chosen_inputs(const NetworkImport& options, const ExportedEntry& entry) {
  std::vector<InputSpec> inputs;
  std::vector<std::string> known;
  for (const InputSpec& input : entry.inputs) known.push_back(input.name);
  for (const std::string& view : options.views.empty() ? known : options.views) {
    const auto found = std::find(known.begin(), known.end(), view);
    if (found == known.end()) refuse_import(text("--view ", view, " is not among the crops: ", joined(known)));
    inputs.push_back(entry.inputs[static_cast<size_t>(found - known.begin())]);
    if (options.mean) inputs.back().normalisation.scale = GreyScale{*options.mean, *options.deviation};
  }
  return inputs;
}

Probabilities probabilities_of(const TableRow& row) {
  Probabilities p{};
  double sum = 0;
  for (size_t c = 0; c < p.size(); ++c) sum += p[c] = row.number(kGradeNames[c], 0, 1);
  if (std::abs(sum - 1) > kSumTolerance) row.fail(text("the probabilities sum to ", sum));
  return p;
}

/// What the networks said of one finding, which has a label.
HeldOutFinding held_out_finding(const ExportedFinding& finding, const Probabilities& said) {
  Logits logits{};
  for (size_t c = 0; c < said.size(); ++c) logits[c] = std::log(std::max(said[c], kLeastProbability));
  return {logits, *finding.label, all_findings()[finding.finding].level, finding.measured};
}

void warn_about_unanswered(const NetworkImport& options, const ExportedEntry& entry, size_t answered) {
  const auto labelled =
      static_cast<size_t>(std::count_if(entry.findings.begin(), entry.findings.end(),
                                        [](const ExportedFinding& finding) { return finding.label.has_value(); }));
  if (answered == labelled) return;
  log_warning(text(options.out_of_fold.string(), " answers ", answered, " of ", labelled, " labelled findings"));
}

/// What the networks said of findings that they had not seen. Warns about findings without an answer.
std::vector<HeldOutFinding> held_out_findings(const NetworkImport& options, const ExportedEntry& entry) {
  std::map<std::string, const ExportedFinding*> known;
  for (const ExportedFinding& finding : entry.findings) known.emplace(finding.row_id(), &finding);
  const Table table(options.out_of_fold, ErrorKind::Usage, {"row_id", "normal_mild", "moderate", "severe"});
  std::vector<HeldOutFinding> held_out;
  std::set<std::string> seen;
  for (const TableRow row : table) {
    const std::string& row_id = row.word("row_id");
    const auto found = known.find(row_id);
    if (found == known.end())
      row.fail(text(row_id, " is none of the exported findings: the table is of other studies"));
    if (!seen.insert(row_id).second) row.fail(text(row_id, " is there twice"));
    const Probabilities p = probabilities_of(row);
    if (found->second->label) held_out.push_back(held_out_finding(*found->second, p));
  }
  if (held_out.empty()) table.fail("it answers no labelled finding");
  warn_about_unanswered(options, entry, held_out.size());
  return held_out;
}

LevelPrior prior_of(const ExportedEntry& entry) {
  std::vector<HeldOutFinding> labelled;
  for (const ExportedFinding& finding : entry.findings) {
    if (finding.label) labelled.push_back({{}, *finding.label, all_findings()[finding.finding].level, std::nullopt});
  }
  return level_prior(labelled);
}

nlohmann::json parameters_of(const NetworkImport& options, const std::vector<InputSpec>& inputs) {
  nlohmann::json parameters = {{"views", nlohmann::json::array()}, {"layout", options.layout}};
  for (const InputSpec& input : inputs) parameters["views"].push_back(input.name);
  if (!options.arguments.empty()) parameters["arguments"] = options.arguments;
  if (options.colours != 1) parameters["colours"] = options.colours;
  if (options.answers != "logits") parameters["answers"] = options.answers;
  return parameters;
}

TrainedNetwork imported_member(const NetworkImport& options, const std::vector<InputSpec>& inputs, size_t member) {
  TrainedNetwork network;
  network.spec.role = std::string(grading_role(options.condition));
  network.spec.name = text(network.spec.role, "_exported_", member);
  network.spec.architecture = kExportedArchitecture;
  network.spec.parameters = parameters_of(options, inputs);
  network.spec.inputs = inputs;
  network.spec.outputs = {{"grade", kGradeNames, "softmax", 1, 1}};
  network.spec.golden.tolerance = kImportTolerance;
  network.package = options.exported[member];
  const TensorMap golden = read_safetensors(options.golden[member]);
  network.golden_inputs = golden_inputs(golden);
  network.golden_outputs = golden_outputs(golden);
  if (network.golden_outputs.size() != 1 || !network.golden_outputs.contains("grade")) {
    refuse_import(
        text(options.golden[member].string(), " must hold output.grade, the probabilities that PyTorch gives"));
  }
  return network;
}

/// Two imports one after the other keep their own names.
void give_free_names(std::vector<TrainedNetwork>& added, const std::vector<TrainedNetwork>& kept) {
  for (TrainedNetwork& network : added) {
    const auto is_taken = [&] {
      return std::any_of(kept.begin(), kept.end(),
                         [&](const TrainedNetwork& other) { return other.spec.name == network.spec.name; });
    };
    while (is_taken()) network.spec.name += "_more";
  }
}

ConditionSpec condition_of(const NetworkImport& options, const ConditionFit& fit, size_t findings) {
  ConditionSpec spec;
  spec.condition = options.condition;
  spec.source = text(options.exported.size(), " networks exported from PyTorch; temperature and weights fitted on ",
                     findings, " findings that they had not seen");
  spec.combine = "probabilities";
  spec.temperature = fit.temperature;
  spec.measure_weight = fit.measure_weight;
  spec.model_weight = fit.model_weight;
  spec.tta = {TtaTransform{}};
  return spec;
}

/// The base bundle's manifest with the condition's head, prior and figures in place of its own.
Manifest manifest_of(const NetworkImport& options, Manifest manifest, const ExportedEntry& entry) {
  const std::string role(grading_role(options.condition));
  const auto held_out = held_out_findings(options, entry);
  const LevelPrior prior = prior_of(entry);
  const ConditionFit fit = fit_condition(held_out, prior);
  log_info(text(role, ": temperature ", fit.temperature, ", weight against the prior ", fit.model_weight,
                "; held-out loss ", fit.loss, ", of the prior alone ", fit.prior_loss));
  std::erase_if(manifest.grading.conditions,
                [&](const ConditionSpec& spec) { return spec.condition == options.condition; });
  manifest.grading.conditions.push_back(condition_of(options, fit, held_out.size()));
  manifest.grading.prior[index_of(options.condition)] = prior;
  manifest.grading.prior_source =
      text(condition_key(options.condition),
           ": frequencies of the exported crops' labels; others: ", manifest.grading.prior_source);
  std::erase_if(manifest.metrics,
                [&](const MetricSpec& metric) { return metric.what == role || metric.what == kStackRole; });
  const auto count = static_cast<std::int64_t>(held_out.size());
  manifest.metrics.push_back({role, "log loss", fit.loss, "1", "out-of-fold table of the import", count});
  manifest.metrics.push_back(
      {role, "log loss of the prior alone", fit.prior_loss, "1", "out-of-fold table of the import", count});
  std::erase_if(manifest.training_data, [&](const TrainingDataSpec& data) { return data.used_for == role; });
  const auto findings = static_cast<std::int64_t>(entry.findings.size());
  manifest.training_data.push_back(
      {role, "crops exported for PyTorch", "not stated", findings, "findings", "folds by study"});
  manifest.version += "+exported";
  if (!options.card.empty()) describe_from_card(manifest, options.card);
  return manifest;
}

/// A folder that `write` fills under another name: it has its own when that is done, and goes away where it fails.
template <typename Write>
void make_whole_folder(const fs::path& wanted, const Write& write) {
  const fs::path partial = wanted.string() + ".partial";
  std::error_code failure;
  fs::remove_all(partial, failure);
  try {
    write(partial);
    fs::rename(partial, wanted, failure);
    if (failure) throw Error(ErrorKind::Failure, text("cannot make ", wanted.string(), ": ", failure.message()));
  } catch (...) {
    fs::remove_all(partial, failure);
    throw;
  }
}

}  // namespace

void import_network(const NetworkImport& options) {
  check_options(options);
  const ExportedEntry entry = chosen_entry(options);
  const std::vector<InputSpec> inputs = chosen_inputs(options, entry);
  const Bundle base = load_bundle(find_base_bundle(options.bundle));
  std::vector<std::string> replaced = {kStackRole};  // it has learned from what the networks said without this one
  if (!options.beside) replaced.emplace_back(grading_role(options.condition));
  std::vector<TrainedNetwork> networks = kept_networks(base, replaced), added;
  for (size_t k = 0; k < options.exported.size(); ++k) added.push_back(imported_member(options, inputs, k));
  give_free_names(added, networks);
  std::move(added.begin(), added.end(), std::back_inserter(networks));
  const Manifest manifest = manifest_of(options, base.manifest, entry);
  make_whole_folder(options.out, [&](const fs::path& partial) {
    const Manifest written = write_bundle(partial, manifest, networks);
    write_file_atomically(partial / "MODEL_CARD.md", model_card(written, partial, plain_card_template(), "the card"));
  });
  log_info(text("bundle written to ", options.out.string(), "; `lumbargrade model verify ", options.out.string(),
                "` checks it"));
}

}  // namespace lumbargrade
