#include "training/grader/training_plan.h"

#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <sstream>

#include "core/error.h"
#include "core/number_text.h"
#include "core/parallel.h"
#include "crops/region.h"
#include "network/architecture.h"
#include "network/conv_norm.h"
#include "pipeline/load_grader.h"
#include "pipeline/stopwatch.h"
#include "training/grader/crop_extractor.h"
#include "training/grader/grader_loss.h"
#include "training/grader/label_coordinates.h"

namespace lumbargrade {
namespace {

constexpr size_t kStudiesTried = 3;
constexpr std::int64_t kCropsTried = 2;
constexpr double kMillisecondsPerSecond = 1000;
constexpr std::int64_t kBytesPerWeight = 4;
/// Weights, gradients, both moments of AdamW, running average.
constexpr std::int64_t kCopiesInMemory = 5;
/// Weights, running average, best epoch, both moments.
constexpr std::int64_t kCopiesInCheckpoint = 5;
/// Program, libraries, locator.
constexpr std::int64_t kProgramBytes = std::int64_t{600} << 20;
constexpr double kGigabyte = 1e9;

/// What one network costs.
struct NetworkCost {
  double step_s = 0;  ///< a crop, forward and backward
  double look_s = 0;  ///< a crop, forward
  std::int64_t weights = 0;
  std::int64_t activation_bytes = 0;  ///< a crop
};

std::int64_t resident_bytes() {
  std::int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TensorMap noise_inputs(const NetworkRecipe& recipe, std::int64_t crops, const torch::Device& device) {
  TensorMap inputs;
  for (const View& view : recipe.views) {
    inputs[view.name] = torch::randn({crops, view.slices, view.size_px, view.size_px}).to(device);
    inputs[view.name + ".valid"] = torch::ones({crops, view.slices}).to(device);
  }
  return inputs;
}

/// Waits until the device has computed it.
void settle(const torch::Tensor& tensor) {
  tensor.sum().item<float>();
}

NetworkCost cost_of(const NetworkRecipe& recipe, const torch::Device& device) {
  const Network network = build_network("grader", recipe.parameters, "the recipe", "networks");
  NetworkCost cost;
  for (const torch::Tensor& parameter : network.module->parameters()) cost.weights += parameter.numel();
  use_channels_last(*network.module);
  network.module->to(device);
  network.module->train();
  const auto shares = torch::full({kCropsTried, kSeverityCount}, 1.0 / kSeverityCount).to(device);
  const auto step = [&] {
    const TensorMap inputs = noise_inputs(recipe, kCropsTried, device);
    const std::int64_t before = resident_bytes();
    torch::Tensor loss = torch::zeros({}, shares.options());
    for (const auto& [name, logits] : network.forward(inputs)) {
      if (logits.sizes() == shares.sizes()) loss = loss - (torch::log_softmax(logits, 1) * shares).sum();
    }
    settle(loss);
    cost.activation_bytes = std::max<std::int64_t>(0, resident_bytes() - before) / kCropsTried;
    loss.backward();
    settle(network.module->parameters().front().grad());
  };
  step();  // memory grows; the times of a first step are no measure
  const std::int64_t first_activations = cost.activation_bytes;
  const Stopwatch stepping;
  step();
  cost.step_s = stepping.elapsed_ms() / kMillisecondsPerSecond / kCropsTried;
  cost.activation_bytes = std::max(first_activations, cost.activation_bytes);
  const torch::NoGradGuard no_gradients;
  network.module->eval();
  const TensorMap inputs = noise_inputs(recipe, kCropsTried, device);
  const Stopwatch looking;
  settle(network.forward(inputs).begin()->second);
  cost.look_s = looking.elapsed_ms() / kMillisecondsPerSecond / kCropsTried;
  return cost;
}

/// Regions that a network learns from, over all studies: those with a label.
size_t region_count(const Truth& studies, const NetworkRecipe& network) {
  size_t count = 0;
  for (const StudyLabels& study : studies) {
    for (const Region& region : regions_of(network.conditions)) {
      count += std::any_of(network.conditions.begin(), network.conditions.end(), [&](Condition condition) {
        return study.labels[finding_in(region, condition)].has_value();
      });
    }
  }
  return count;
}

/// Seconds to read, locate and cut one study on one thread, of the first ones.
double seconds_a_study(const GraderTrainingOptions& training, const TrainingFolder& folder, const Truth& studies) {
  const LoadedGrader loaded =
      load_grader({.bundle = training.data.base_folder(), .precision = "float32", .threads = 1, .lowest_disc = {}});
  const StudySource source(folder, loaded.grader);
  const bool has_coordinates = training.recipe.points.needs_given() && std::filesystem::exists(folder.coordinates());
  const LabelCoordinates coordinates =
      has_coordinates ? read_label_coordinates(folder.coordinates()) : LabelCoordinates{};
  const CropExtractor extract(training.recipe, source, coordinates);
  const size_t tried = std::min(kStudiesTried, studies.size());
  const Stopwatch stopwatch;
  for (size_t k = 0; k < tried; ++k) extract(studies[k], static_cast<int>(k));
  return stopwatch.elapsed_ms() / kMillisecondsPerSecond / static_cast<double>(tried);
}

std::int64_t crop_bytes(const GraderRecipe& recipe, const Truth& studies) {
  std::int64_t bytes = 0;
  for (const NetworkRecipe& network : recipe.networks) {
    const auto regions = static_cast<std::int64_t>(region_count(studies, network));
    for (const View& view : network.views)
      bytes += regions * static_cast<std::int64_t>(record_bytes(view, margin_of(view, recipe.augmentation)));
  }
  return recipe.points.needs_given() ? 2 * bytes : bytes;
}

/// One job: every epoch trains on the other folds and measures the held-out one.
PlannedPart planned_job(const GraderTrainingOptions& training, const TrainingJob& job, const NetworkCost& cost,
                        const Truth& studies, int rounds) {
  const GraderRecipe& recipe = training.recipe;
  const NetworkRecipe& network = recipe.networks[job.entry];
  const double regions = static_cast<double>(region_count(studies, network));
  const double held_out = regions / recipe.folds, trained = regions - held_out;
  const double a_batch = regions / static_cast<double>(studies.size()) * recipe.optimisation.studies_per_batch;
  PlannedPart part;
  part.name = job.name();
  part.what = text(name_of(network.conditions), ", fold ", job.fold);
  part.seconds = rounds * recipe.optimisation_of(network).epochs * (trained * cost.step_s + held_out * cost.look_s);
  part.memory_bytes = kProgramBytes + kCopiesInMemory * kBytesPerWeight * cost.weights +
                      static_cast<std::int64_t>(std::ceil(a_batch)) * cost.activation_bytes;
  part.disk_bytes = rounds * kCopiesInCheckpoint * kBytesPerWeight * cost.weights;
  return part;
}

std::string time_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(std::ceil(seconds / 60));
  return text(minutes / 60, ":", std::setfill('0'), std::setw(2), minutes % 60, " h");
}

std::string gigabytes(std::int64_t bytes) {
  return fixed_decimals(static_cast<double>(bytes) / kGigabyte, 2) + " GB";
}

void append_row(const std::array<std::string, 5>& cells, std::string& table) {
  std::ostringstream row;
  row << std::left << std::setw(9) << cells[0] << std::setw(42) << cells[1] << std::right << std::setw(10) << cells[2]
      << std::setw(12) << cells[3] << std::setw(12) << cells[4] << "\n";
  table += row.str();
}

}  // namespace

TrainingPlan plan_training(const GraderTrainingOptions& training) {
  const GraderRecipe& recipe = training.recipe;
  const TrainingFolder folder(training.data.data);
  const TrainingSet set = labelled_studies(folder);
  const double study_s = seconds_a_study(training, folder, set.studies);
  at::set_num_threads(training.threads);
  const torch::Device device(training.device);
  std::vector<NetworkCost> costs;
  for (const NetworkRecipe& network : recipe.networks) costs.push_back(cost_of(network, device));
  TrainingPlan plan;
  plan.rounds = training.rounds();
  const auto studies = static_cast<double>(set.studies.size());
  plan.parts.push_back({"crops", text(set.studies.size(), " studies: read, find levels, cut"),
                        studies * study_s / training.threads, training.threads * kProgramBytes,
                        crop_bytes(recipe, set.studies)});
  for (const TrainingJob& job : training.jobs())
    plan.parts.push_back(planned_job(training, job, costs[job.entry], set.studies, plan.rounds));
  double looks_s = 0;
  std::int64_t weights = 0;
  const double shown = static_cast<double>(recipe.folds_to_run().size()) / recipe.folds;
  for (size_t n = 0; n < costs.size(); ++n) {
    const double regions = static_cast<double>(region_count(set.studies, recipe.networks[n]));
    looks_s += shown * regions * static_cast<double>(recipe.tta.size()) * costs[n].look_s;
    weights += costs[n].weights * static_cast<std::int64_t>(recipe.folds_to_run().size());
  }
  plan.parts.push_back({"bundle", "grade what was held out, calibrate, write",
                        plan.rounds * (shown * studies * study_s / training.threads + looks_s),
                        2 * kProgramBytes + kBytesPerWeight * weights, kBytesPerWeight * weights});
  plan.basis = {
      text("Studies: the first ", std::min(kStudiesTried, set.studies.size()), " were read, located and cut just now, ",
           std::round(100 * study_s) / 100, " s each on one thread; ", training.threads, " are used."),
      text("Networks: one step of ", kCropsTried, " crops of noise each on ", training.device, " with ",
           training.threads,
           " threads just now, augmentation not counted; every epoch is counted, though patience may "
           "end a job before."),
      "Memory: weights, gradients, moments and average, and by what the process grew in that step, for a batch; in "
      "float32 on the CPU, of a GPU less is known. Disk: crops from the labels and the recipe; checkpoints of five "
      "copies of the weights, for a moment twice that.",
      "Points, pseudo-labels and the second stage are not counted."};
  return plan;
}

std::string plan_text(const TrainingPlan& plan) {
  std::string table;
  append_row({"job", "what", "time", "memory", "disk"}, table);
  PlannedPart sum{"in all", "one after the other", 0, 0, 0};
  for (const PlannedPart& part : plan.parts) {
    append_row(
        {part.name, part.what, time_text(part.seconds), gigabytes(part.memory_bytes), gigabytes(part.disk_bytes)},
        table);
    sum.seconds += part.seconds;
    sum.memory_bytes = std::max(sum.memory_bytes, part.memory_bytes);
    sum.disk_bytes += part.disk_bytes;
  }
  append_row({sum.name, sum.what, time_text(sum.seconds), gigabytes(sum.memory_bytes), gigabytes(sum.disk_bytes)},
             table);
  if (plan.rounds > 1)
    table +=
        "\nThe recipe drops suspect labels: every job is called twice with --only, the second time when all have "
        "been trained once.\n";
  table += "\n";
  for (const std::string& sentence : plan.basis) table += sentence + "\n";
  return table;
}

}  // namespace lumbargrade
