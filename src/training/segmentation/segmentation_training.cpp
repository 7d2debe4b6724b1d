#include "training/segmentation/segmentation_training.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include "bundle/bundle.h"
#include "core/error.h"
#include "core/number_text.h"
#include "core/sha256.h"
#include "levels/spine_networks.h"
#include "network/safetensors.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

constexpr double kGoldenTolerance = 1e-3;

OptimisationSettings unet_optimisation(double rate, double average) {
  OptimisationSettings settings;
  settings.epochs = 1;
  settings.rate = rate;
  settings.weight_decay = 1e-3;
  settings.warm_up = 0.08;
  settings.average = average;
  settings.average_first = 0;
  settings.clip_norm = 5;
  return settings;
}

nlohmann::json unet_parameters(const UNetOptions& network) {
  nlohmann::json parameters = {
      {"widths", network.widths}, {"fine_classes", network.fine_classes}, {"coarse_maps", network.coarse_maps}};
  if (network.in_channels != 1) parameters["in_channels"] = network.in_channels;
  return parameters;
}

}  // namespace

bool LocatorTraining::is_patient_of(const std::string& patient, const std::string& study_id) const {
  const auto number = number_from<int>(patient);
  return study_id == patient || (number && study_id == std::to_string(std::int64_t{study_offset} + *number));
}

void SegmentationTraining::check_fold() const {
  if (folds == 0 || (folds >= 2 && fold >= 0 && fold < folds)) return;
  throw Error(ErrorKind::Usage, text("--fold ", fold, " of --folds ", folds,
                                     " does not exist; give --folds N (2 or more) and --fold 0 ... N-1"));
}

TrainingTask unet_task(const SegmentationTraining& training, int steps, double rate, double average,
                       const std::vector<std::string>& studies) {
  TrainingTask task;
  const nlohmann::json parameters = unet_parameters(training.network);
  task.build = [parameters] { return build_network("unet", parameters, "the program", "unet"); };
  task.steps_per_epoch = steps;
  task.optimisation = unet_optimisation(rate, average);
  task.identity = {{"network", parameters},
                   {"batch", training.batch},
                   {"data", std::filesystem::weakly_canonical(training.data).string()},
                   {"disc_centres.csv", sha256_of_file(training.data / "disc_centres.csv")},
                   {"studies", studies}};
  return task;
}

TensorMap initial_weights(const SegmentationTraining& training) {
  return training.init.empty() ? TensorMap{} : read_safetensors(training.init);
}

LocatorNetwork read_locator(const std::filesystem::path& folder, const torch::Device& device) {
  const Bundle bundle = load_bundle(folder);
  return LocatorNetwork(UNetRunner(unet_of(bundle, "locator"), device));
}

UNet unet_with(const UNetOptions& options, const TensorMap& state) {
  UNet network(options);
  load_state(*network, state, "averaged weights");
  return network;
}

NetworkSpec unet_spec(const std::string& role, const UNetOptions& network, NetworkSpec interface) {
  interface.role = role;
  interface.architecture = "unet";
  interface.parameters = unet_parameters(network);
  interface.golden.tolerance = kGoldenTolerance;
  return interface;
}

cv::Mat1f middle_of(const cv::Mat1f& image, int rows, int columns) {
  const cv::Rect whole(0, 0, image.cols, image.rows);
  return image(cv::Rect((image.cols - columns) / 2, (image.rows - rows) / 2, columns, rows) & whole).clone();
}

}  // namespace lumbargrade
