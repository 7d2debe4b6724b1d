// Crops a second of `train grader` beside the bare forward and backward passes of the same network on the same batches:
//   train_speed RECIPE.json [STEPS [DEVICE]]
// With 0 STEPS the feed alone, whose augmentation runs on DEVICE, cpu or cuda.
// Trains the recipe's first network of one series (else its first) as the command does (augmentation, loss, clipping,
// AdamW, running average), on random crops in a cache of its own in the temporary folder. The bare passes are its
// network, forward and backward, on one random batch of the same size; they have no optimiser. Both take STEPS (default
// 4) steps, the better of two is printed. Run it on an idle machine: a step of `fast` takes some five seconds on two
// cores.
#include <ATen/Parallel.h>
#include <torch/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <opencv2/core.hpp>
#include <random>

#include "core/error.h"
#include "crops/region.h"
#include "network/architecture.h"
#include "network/conv_norm.h"
#include "pipeline/device.h"
#include "pipeline/stopwatch.h"
#include "program.h"
#include "training/grader/fold_training.h"
#include "training/grader/grader_batch.h"
#include "training/loop/training_loop.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kThreads = 2;
constexpr int kRepeats = 2;

/// Removed at the end.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string path = (fs::temp_directory_path() / "train_speed.XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw Error(ErrorKind::Failure, text("cannot create ", path));
    path_ = path;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The first of one view, else the first.
NetworkRecipe simplest_of(const std::vector<NetworkRecipe>& networks) {
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [](const NetworkRecipe& network) { return network.views.size() == 1; });
  return found == networks.end() ? networks.front() : *found;
}

/// Regions of every study of `studies`, whose findings are of all grades.
std::vector<GraderSample> made_samples(const std::vector<Condition>& conditions, int studies) {
  std::vector<GraderSample> samples;
  for (int study = 0; study < studies; ++study) {
    for (const Region& region : regions_of(conditions)) {
      GraderSample& sample = samples.emplace_back();
      sample.study = study;
      sample.predicted = samples.size() - 1;
      for (const Condition condition : conditions)
        sample.findings.push_back(
            {finding_in(region, condition), static_cast<Severity>(*sample.predicted % kSeverityCount)});
    }
  }
  return samples;
}

CropFile made_crops(const fs::path& path, const View& view, const CropMargin& margin, size_t samples) {
  const CropExtent extent = extent_of(view, margin);
  std::mt19937 random(1);
  std::string record(extent.pixels() + extent.slices, '\1');
  for (size_t k = 0; k < extent.pixels(); ++k) record[k] = static_cast<char>(random());
  std::ofstream file(path, std::ios::binary);
  for (size_t k = 0; k < samples; ++k) file.write(record.data(), static_cast<std::streamsize>(record.size()));
  file.close();
  return {path, view, margin};
}

/// One study more than `steps` batches hold: it is held out.
GraderData made_data(const fs::path& folder, const GraderRecipe& recipe, int studies) {
  const NetworkRecipe& network = recipe.networks.front();
  GraderData data;
  for (int study = 0; study < studies; ++study) data.study_ids.push_back(std::to_string(study));
  NetworkData made;
  made.samples = made_samples(network.conditions, studies);
  made.learned_point_errors.resize(network.views.size());
  for (const View& view : network.views) {
    made.predicted.push_back(
        made_crops(folder / (view.name + ".u8"), view, margin_of(view, recipe.augmentation), made.samples.size()));
  }
  data.networks.push_back(std::move(made));
  return data;
}

double training_ms(GraderTrainingOptions training, const GraderData& data) {
  const ScratchFolder folder;
  training.out = folder.path();
  TrainingPass pass;
  pass.optimisation = training.recipe.optimisation;
  const Stopwatch stopwatch;
  train_fold(training, data, {0, 0}, pass);
  return stopwatch.elapsed_ms();
}

double bare_ms(const GraderRecipe& recipe, int steps, std::int64_t crops) {
  const NetworkRecipe& recipe_network = recipe.networks.front();
  const Network network = build_network("grader", recipe_network.parameters, "recipe", "networks[0].parameters");
  use_channels_last(*network.module);
  network.module->train();
  TensorMap inputs;
  for (const View& view : recipe_network.views) {
    inputs[view.name] = torch::randn({crops, view.slices, view.size_px, view.size_px});
    inputs[view.name + ".valid"] = torch::ones({crops, view.slices});
  }
  const torch::Tensor targets = torch::randint(0, kSeverityCount, {crops}, torch::kLong);
  const Stopwatch stopwatch;
  for (int step = 0; step < steps; ++step) {
    torch::cross_entropy_loss(network.forward(inputs).begin()->second, targets).backward();
    for (auto& parameter : network.module->parameters()) parameter.mutable_grad() = torch::Tensor();
  }
  return stopwatch.elapsed_ms();
}

/// Crops a second of the loader and the augmentation alone. As in training, the makers augment on the CPU, and a GPU
/// augments what they hand over.
double feed_per_second(const GraderRecipe& recipe, const GraderData& data, const torch::Device& device) {
  constexpr int kBatches = 40;
  const NetworkData& network = data.networks.front();
  std::vector<Example> examples;
  for (size_t k = 0; k < network.samples.size() && examples.size() < 40; ++k) {
    examples.push_back({&network,
                        k,
                        network.samples[k].study,
                        std::vector(network.samples[k].findings.size(), Probabilities{1, 0, 0}),
                        1,
                        true,
                        {},
                        {}});
  }
  draw_points(recipe.points, 1, examples);
  const auto make = [&](int step) {
    at::set_num_threads(1);
    TrainingBatch batch =
        augmented_batch(examples, recipe.networks.front(), recipe.augmentation, static_cast<std::uint64_t>(step));
    if (device.is_cpu()) batch.inputs = batch.make_inputs(device);
    return batch;
  };
  const Stopwatch stopwatch;
  BatchQueue<TrainingBatch> queue(0, kBatches, make, kThreads);
  TensorMap inputs;
  for (int step = 0; step < kBatches; ++step) {
    const TrainingBatch batch = queue.next();
    inputs = device.is_cpu() ? batch.inputs : batch.make_inputs(device);
  }
  inputs.begin()->second.sum().item<float>();  // what a GPU was given is done
  return 1000.0 * kBatches * static_cast<double>(examples.size()) / stopwatch.elapsed_ms();
}

/// The best of several, of which the first fills the caches.
double best_feed(const GraderRecipe& recipe, const GraderData& data, const torch::Device& device) {
  double best = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) best = std::max(best, feed_per_second(recipe, data, device));
  return best;
}

int run(const fs::path& recipe_path, int steps, const std::string& device) {
  cv::setNumThreads(1);
  at::set_num_threads(kThreads);
  GraderTrainingOptions training;
  training.recipe = read_recipe(recipe_path);
  training.recipe.networks = {simplest_of(training.recipe.networks)};
  training.recipe.optimisation.epochs = 1;
  training.threads = kThreads;
  training.checkpoint_every = steps;
  const int studies = std::max(steps, 1) * training.recipe.optimisation.studies_per_batch + 1;
  training.recipe.folds = studies;  // one study is held out
  training.recipe.points = {0, 0, 1};
  const ScratchFolder folder;
  const GraderData data = made_data(folder.path(), training.recipe, studies);
  const double fed = best_feed(training.recipe, data, torch::Device(ready_device(device)));
  std::cout << "feed alone      " << fed << " crops/s (" << kThreads << " makers, " << device << ")" << std::endl;
  if (steps == 0) return EXIT_SUCCESS;
  const auto per_study = static_cast<std::int64_t>(data.networks.front().samples.size()) / studies;
  const std::int64_t per_batch = per_study * training.recipe.optimisation.studies_per_batch;
  const double crops = static_cast<double>(per_batch * steps);
  at::set_num_threads(kThreads);  // the makers of the feed have set one, which MKL takes for all threads
  double trained = 0, bare = 0;   // crops a second
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    bare = std::max(bare, 1000 * crops / bare_ms(training.recipe, steps, per_batch));
    trained = std::max(trained, 1000 * crops / training_ms(training, data));
  }
  std::cout << training.recipe.name << ", " << name_of(training.recipe.networks.front().conditions) << ": " << steps
            << " steps of " << per_batch << " crops, " << kThreads << " threads\n"
            << "train grader    " << trained << " crops/s (with one held-out study and a checkpoint)\n"
            << "bare passes     " << bare << " crops/s\n"
            << "share           " << 100 * trained / bare << " %\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "train_speed RECIPE.json [STEPS [DEVICE]]", 1, 3, [](const Arguments& arguments) {
    return run(arguments[0], std::max(0, std::atoi(arguments.optional(1).value_or("4").c_str())),
               arguments.optional(2).value_or("cpu"));
  });
}
