#include "training/grader/grader_bundle.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/kept_networks.h"
#include "bundle/model_card.h"
#include "bundle/write_bundle.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "training/grader/grader_batch.h"
#include "training/grader/grader_predictions.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kGoldenTolerance = 1e-4;
constexpr const char* kWholeProgram = "grading";

/// One finding's crops, as they come to the network: the first that `grade` would cut. All slices count.
TensorMap example_inputs(const NetworkRecipe& recipe, const NetworkData& data) {
  const TensorMap all = central_inputs(data, {shown_samples(data).front()}, torch::kCPU);
  TensorMap inputs;
  for (const View& view : recipe.views) inputs.emplace(view.name, all.at(view.name));
  return inputs;
}

TrainedNetwork member_network(const NetworkRecipe& recipe, const NetworkData& data, const TensorMap& state,
                              const std::string& name) {
  TrainedNetwork trained;
  trained.spec.role = role_of(recipe.conditions);
  trained.spec.name = name;
  trained.spec.architecture = "grader";
  trained.spec.parameters = recipe.parameters;
  for (const View& view : recipe.views) trained.spec.inputs.push_back(input_of(view));
  trained.spec.outputs = outputs_of(recipe.conditions);
  trained.spec.golden.tolerance = kGoldenTolerance;
  trained.state = state;
  trained.golden_inputs = example_inputs(recipe, data);
  return trained;
}

InputSpec stack_input(const char* name, std::vector<AxisSpec> axes) {
  InputSpec input;
  input.name = name;
  input.axes = std::move(axes);
  return input;
}

TrainedNetwork stack_network(const StackResult& stack) {
  const AxisSpec findings{"finding", kFindingCount, 1, {}, {}}, classes{"class", kSeverityCount, 1, {}, {}};
  TrainedNetwork trained;
  trained.spec.role = trained.spec.name = kStackRole;
  trained.spec.architecture = "study_stack";
  trained.spec.parameters = stack.parameters;
  trained.spec.inputs = {stack_input("logits", {findings, classes}), stack_input("present", {findings})};
  trained.spec.outputs = {{"grade", {"normal_mild", "moderate", "severe"}, "softmax", 1, 1}};
  trained.spec.golden.tolerance = kGoldenTolerance;
  trained.state = stack.state;
  trained.golden_inputs = stack.example;
  return trained;
}

void add_stack_metrics(const GraderTrainingOptions& training, const StackResult& stack, Manifest& manifest) {
  const std::string set =
      text("held-out studies of ", training.data.data.filename().string(), ", by stacks that had not seen the study");
  const auto count = static_cast<std::int64_t>(stack.held_out.size());
  const auto add = [&](const char* name, double value) {
    manifest.metrics.push_back({kStackRole, name, value, "1", set, count});
  };
  add("weighted log loss, mean of the conditions", stack.held_out_loss);
  add("weighted log loss, mean of the conditions, first stage alone", stack.first_stage_loss);
}

ConditionSpec condition_spec(const GraderTrainingOptions& training, const TrainedCondition& trained_condition) {
  const GraderRecipe& recipe = training.recipe;
  ConditionSpec spec;
  spec.condition = trained_condition.condition;
  spec.source = text("recipe ", recipe.name, " (", recipe.origin, "), ", recipe.folds_to_run().size(), " of ",
                     recipe.folds, " folds; temperature and weights fitted on ", trained_condition.held_out_findings,
                     " findings of studies not trained on, ", trained_condition.measured_findings,
                     " of them measured, ", trained_condition.lost_findings, " seen by no network");
  spec.combine = recipe.combine;
  spec.temperature = trained_condition.fit.temperature;
  spec.measure_weight = trained_condition.fit.measure_weight;
  spec.model_weight = trained_condition.fit.model_weight;
  spec.flags = recipe.flags;
  spec.tta = recipe.tta;
  return spec;
}

std::string held_out_set(const GraderTrainingOptions& training) {
  return text("held-out studies of ", training.data.data.filename().string(),
              ", by study, as `grade` finds and cuts them");
}

void add_metrics(const GraderTrainingOptions& training, const TrainedCondition& trained_condition, Manifest& manifest) {
  const std::string role(grading_role(trained_condition.condition));
  const std::string set = held_out_set(training);
  const auto add = [&](const char* name, double value) {
    manifest.metrics.push_back({role, name, value, "1", set, trained_condition.held_out_findings});
  };
  add("log loss", trained_condition.fit.loss);
  if (trained_condition.measured_findings > 0) add("log loss of the measure alone", trained_condition.fit.measure_loss);
  add("log loss of the prior alone", trained_condition.fit.prior_loss);
}

/// What the card says, else that nobody said anything.
void describe(const GraderTrainingOptions& training, const GraderData& data, Manifest& manifest) {
  manifest.name = training.recipe.name;
  manifest.version = "1";
  if (training.card.empty()) {
    manifest.licence = "not stated: decided by the licence of the training data";
    manifest.training_data.push_back({"graders", training.data.data.string(), "not stated",
                                      static_cast<std::int64_t>(data.study_ids.size()), "studies",
                                      text(training.recipe.folds, " folds by study")});
    return;
  }
  describe_from_card(manifest, training.card);
}

std::string card_of(const GraderTrainingOptions& training, const Manifest& manifest) {
  const std::string card_template = text(
      plain_card_template(), "\n## Recipe\n", training.recipe.name, ": ", training.recipe.origin,
      "\n\n## Limits\nThe card of the bundle whose locator this one uses tells what it can find. Conditions without a "
      "network of their own get a measure or the prior, as each row's `source` says.\n");
  return model_card(manifest, training.out, card_template, "the card");
}

}  // namespace

std::vector<TrainedNetwork> member_networks(const GraderTrainingOptions& training, const GraderData& data,
                                            const TrainedEnsemble& graders, const std::vector<size_t>& folds) {
  std::vector<TrainedNetwork> networks;
  std::set<size_t> added;
  for (const TrainedCondition& trained_condition : graders.conditions) {
    for (size_t entry = 0; entry < graders.members.size(); ++entry) {
      const NetworkRecipe& recipe = training.recipe.networks[entry];
      if (!recipe.grades(trained_condition.condition) || !added.insert(entry).second) continue;
      for (const size_t fold : folds) {
        networks.push_back(member_network(recipe, data.networks[entry], graders.members[entry][fold],
                                          text(name_of(recipe.conditions), "_", entry, "_", fold)));
      }
    }
  }
  return networks;
}

void write_grader_bundle(const GraderTrainingOptions& training, const GraderData& data, const TrainedEnsemble& graders,
                         const std::optional<double>& score) {
  const Bundle base = load_bundle(training.data.base_folder());
  Manifest manifest = base.manifest;
  std::vector<std::string> roles = {kStackRole};
  for (const TrainedCondition& trained_condition : graders.conditions)
    roles.emplace_back(grading_role(trained_condition.condition));
  const auto is_trained = [&](const std::string& role) {
    return std::find(roles.begin(), roles.end(), role) != roles.end();
  };
  std::vector<TrainedNetwork> networks = kept_networks(base, roles);
  std::erase_if(manifest.metrics, [&](const MetricSpec& metric) { return is_trained(metric.what); });
  std::erase_if(manifest.training_data, [&](const TrainingDataSpec& entry) { return is_trained(entry.used_for); });
  describe(training, data, manifest);
  std::erase_if(manifest.grading.conditions,
                [&](const ConditionSpec& spec) { return is_trained(std::string(grading_role(spec.condition))); });
  std::vector<size_t> members(training.recipe.folds_to_run().size());
  std::iota(members.begin(), members.end(), 0);
  for (TrainedNetwork& network : member_networks(training, data, graders, members))
    networks.push_back(std::move(network));
  for (const TrainedCondition& trained_condition : graders.conditions) {
    manifest.grading.conditions.push_back(condition_spec(training, trained_condition));
    if (!training.recipe.keep_prior)
      manifest.grading.prior[index_of(trained_condition.condition)] = trained_condition.prior;
    add_metrics(training, trained_condition, manifest);
  }
  if (graders.stack) {
    networks.push_back(stack_network(*graders.stack));
    add_stack_metrics(training, *graders.stack, manifest);
  }
  std::erase_if(manifest.metrics, [&](const MetricSpec& metric) { return metric.what == kWholeProgram; });
  if (score)
    manifest.metrics.push_back({kWholeProgram, "score of the challenge", *score, "1", held_out_set(training),
                                static_cast<std::int64_t>(data.study_ids.size())});
  if (!training.recipe.keep_prior) {
    manifest.grading.prior_source = text("trained conditions: frequencies of ", training.data.data.filename().string(),
                                         "; others: ", base.manifest.grading.prior_source);
  }
  const Manifest written = write_bundle(training.out, manifest, networks);
  write_file_atomically(training.out / "MODEL_CARD.md", card_of(training, written));
}

}  // namespace lumbargrade
