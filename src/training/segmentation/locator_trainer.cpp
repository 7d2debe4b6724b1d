#include "training/segmentation/locator_trainer.h"

#include <algorithm>

#include "bundle/bundle_card.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "core/log.h"
#include "core/prevalence.h"
#include "core/progress.h"
#include "levels/locator_network.h"
#include "levels/network_interface.h"
#include "network/safetensors.h"
#include "training/segmentation/locator_augmentation.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/locator_evaluation.h"
#include "training/segmentation/locator_pseudo_labels.h"
#include "training/segmentation/measure_fits.h"
#include "training/segmentation/random_draws.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

// docs/sources.md, "Locator: network and training".
constexpr double kAverageDecay = 0.995;
constexpr double kSpotWeight = 8;
// Ours: the canal's outline decides its diameter, and is a hundredth of all pixels.
constexpr double kCanalEdgeWeight = 3;
constexpr int64_t kCanalEdgePixels = 9;
const std::array<float, 4> kClassWeights = {0.7F, 1.5F, 1.0F, 1.0F};

constexpr int kGoldenRows = 192;
constexpr int kGoldenColumns = 128;
constexpr const char* kIntendedUse =
    "Research use only, not for clinical use. Finds the lumbar discs and the spinal canal on MRI and turns "
    "measures, and networks where there are any, into probabilities of three grades; the source and flags of "
    "each row say what it rests on.";

void copy_into(const torch::Tensor& target, const cv::Mat1f& map) {
  target.copy_(torch::from_blob(map.data, {map.rows, map.cols}, torch::kFloat32));
}

/// What crops are cut from. Pseudo-labelled stacks fill the second half of a batch, when there are any.
struct CropSources {
  std::vector<LabelledStack> labelled;
  std::vector<LabelledStack> pseudo;
};

/// `image` N x 1 x H x W; `fine` N x 4 x H x W: background, disc, vertebra, canal, which sum to 1; `coarse` N x 3 x H/2
/// x W/2.
TrainingBatch locator_batch(const CropSources& sources, uint64_t seed, int step, int size) {
  const torch::Tensor image = torch::empty({size, 1, kCropRows, kCropColumns});
  const torch::Tensor fine = torch::empty({size, 4, kCropRows, kCropColumns});
  const torch::Tensor coarse = torch::empty({size, 3, kCropRows / 2, kCropColumns / 2});
  std::vector<std::string> studies;
  for (int place = 0; place < size; ++place) {
    Random random = crop_generator(seed, step, place);
    const bool is_pseudo = !sources.pseudo.empty() && place >= size / 2;
    const std::vector<LabelledStack>& stacks = is_pseudo ? sources.pseudo : sources.labelled;
    const LabelledStack& stack = stacks[std::uniform_int_distribution<size_t>(0, stacks.size() - 1)(random)];
    const size_t slice = std::uniform_int_distribution<size_t>(0, stack.slices.size() - 1)(random);
    const LocatorCrop crop = augmented_crop(stack, slice, random);
    copy_into(image[place][0], crop.input);
    for (int64_t c = 0; c < 3; ++c) copy_into(fine[place][c + 1], crop.fine[static_cast<size_t>(c)]);
    for (int64_t c = 0; c < 3; ++c) copy_into(coarse[place][c], crop.coarse[static_cast<size_t>(c)]);
    studies.push_back(stack.study_id);
  }
  fine.select(1, 0).copy_((1 - fine.narrow(1, 1, 3).sum(1)).clamp_min(0));
  return {{{"image", image}}, {{"fine", fine}, {"coarse", coarse}}, std::move(studies)};
}

torch::Tensor dice(const torch::Tensor& probability, const torch::Tensor& target) {
  const std::vector<int64_t> over = {0, 2, 3};
  return (2 * (probability * target).sum(over) + 1) / (probability.sum(over) + target.sum(over) + 1);
}

/// 1 far from the canal's outline, 1 + kCanalEdgeWeight on it. N x H x W.
torch::Tensor canal_edge_weights(const torch::Tensor& fine) {
  constexpr int64_t kPadding = kCanalEdgePixels / 2;
  torch::Tensor canal = fine.narrow(1, 3, 1);
  canal = torch::avg_pool2d(canal, {kCanalEdgePixels, 1}, {1, 1}, {kPadding, 0});
  canal = torch::avg_pool2d(canal, {1, kCanalEdgePixels}, {1, 1}, {0, kPadding});
  return 1 + kCanalEdgeWeight * (4 * canal * (1 - canal)).squeeze(1);
}

torch::Tensor locator_loss(const TensorMap& outputs, const TrainingBatch& batch) {
  const torch::Tensor& fine = batch.targets.at("fine");
  const torch::Tensor& spots_truth = batch.targets.at("coarse");
  const torch::Tensor weights =
      torch::from_blob(const_cast<float*>(kClassWeights.data()), {1, 4, 1, 1}).to(fine.device());
  const torch::Tensor log_fine = torch::log_softmax(outputs.at("fine").to(torch::kFloat32), 1);
  const torch::Tensor cross_entropy = -((log_fine * fine * weights).sum(1) * canal_edge_weights(fine)).mean();
  const torch::Tensor fine_dice = dice(log_fine.exp().narrow(1, 1, 3), fine.narrow(1, 1, 3)).mean();
  const torch::Tensor coarse = outputs.at("coarse").to(torch::kFloat32);
  const torch::Tensor spots =
      (torch::binary_cross_entropy_with_logits(coarse, spots_truth, {}, {}, at::Reduction::None) *
       (1 + kSpotWeight * spots_truth))
          .mean({0, 2, 3})
          .sum();
  const torch::Tensor spot_dice = dice(torch::sigmoid(coarse), spots_truth).mean();
  return cross_entropy + (1 - fine_dice) + spots + 0.5 * (1 - spot_dice);
}

struct Split {
  std::vector<LabelledStudy> held_out;
  CropSources sources;
};

Split load_split(const LocatorTraining& training, const LocatorDataset& dataset) {
  Split split;
  const auto& ids = dataset.study_ids();
  Progress progress("reading studies", static_cast<int>(ids.size()));
  for (size_t k = 0; k < ids.size(); ++k) {
    LabelledStudy study = dataset.load(ids[k]);
    if (training.holds_out(k)) {
      study.stack.slices.clear();
      split.held_out.push_back(std::move(study));
    } else if (!study.stack.slices.empty()) {
      split.sources.labelled.push_back(std::move(study.stack));
    }
    progress.show(static_cast<int>(k) + 1, ids[k]);
  }
  if (split.sources.labelled.empty()) {
    throw Error(ErrorKind::Usage, text("no labelled slice in ", training.data.string(), " to train on"));
  }
  return split;
}

/// Unlabelled images of patients that are not held out.
std::vector<UnlabelledImage> training_images(const LocatorTraining& training, const Split& split) {
  std::vector<UnlabelledImage> images = load_unlabelled(training.unlabelled);
  std::erase_if(images, [&](const UnlabelledImage& image) {
    return std::any_of(split.held_out.begin(), split.held_out.end(), [&](const LabelledStudy& study) {
      return training.is_patient_of(image.patient, study.study_id);
    });
  });
  return images;
}

/// The averaged weights, ready to look at slices.
LocatorNetwork locator_with(const LocatorTraining& training, const TensorMap& state) {
  return LocatorNetwork(UNetRunner(unet_with(training.network, state), torch::Device(training.device)));
}

void measure_held_out(const LocatorTraining& training, const TensorMap& state, const Split& split,
                      const std::string& name) {
  if (split.held_out.empty()) return;
  const LocatorNetwork network = locator_with(training, state);
  std::vector<LevelFigure> rows;
  for (const LabelledStudy& study : split.held_out) {
    const auto of_study = evaluate_spine(study, spine_of(study, network));
    rows.insert(rows.end(), of_study.begin(), of_study.end());
  }
  write_figures(training.record_folder() / (name + ".csv"), rows);
  log_info(text(name, ": ", describe(summarise(rows))));
}

/// One stage: on from `start`, or from fresh weights where it is empty.
TensorMap train_stage(const LocatorTraining& training, const CropSources& sources, int stage, int steps, double rate,
                      const TensorMap& start) {
  std::vector<std::string> studies;
  for (const auto* stacks : {&sources.labelled, &sources.pseudo}) {
    for (const LabelledStack& stack : *stacks) studies.push_back(stack.study_id);
  }
  TrainingTask task = unet_task(training, steps, rate, kAverageDecay, studies);
  // Stages draw different crops.
  const uint64_t seed = training.seed + 1000003ULL * static_cast<uint64_t>(stage);
  task.start = start;
  task.batch = [&sources, seed, batch = training.batch](int step) { return locator_batch(sources, seed, step, batch); };
  task.loss = locator_loss;
  const std::string name = stage == 0 ? "labelled" : "self-training";
  return train_network(task, training_run(training, "locator, " + name, name, seed)).state;
}

/// Continues from the first stage's weights with what they say of unlabelled images.
TensorMap self_train(const LocatorTraining& training, const TensorMap& teacher, Split& split) {
  measure_held_out(training, teacher, split, "held_out_stage1");
  split.sources.pseudo = pseudo_labels(training_images(training, split), locator_with(training, teacher),
                                       training.record_folder() / "pseudo_labels.csv");
  if (split.sources.pseudo.empty()) {
    log_warning("no unlabelled image passed the checks: self-training has nothing to learn from");
  }
  return train_stage(training, split.sources, 1, training.self_iterations, training.self_rate, teacher);
}

/// A bundle with the locator, golden tensors from `example` (a slice's pixels), the challenge's prevalence as prior,
/// and the figures of `unseen`: rows of patients that the measured networks had not seen (cross-validation). It grades
/// by the prior alone until `train measures` has fitted its measures.
void write_locator_bundle(const LocatorTraining& training, const TensorMap& state, const cv::Mat1f& example,
                          const std::vector<LevelFigure>& unseen) {
  Manifest manifest;
  manifest.name = "undescribed";
  manifest.version = "0";
  manifest.licence = "not stated";
  manifest.intended_use = kIntendedUse;
  if (!training.card.empty()) describe_from_card(manifest, training.card);
  for (const auto& figures : {locator_metrics(unseen, kUnseenSet), canal_metrics(unseen, kUnseenSet)})
    manifest.metrics.insert(manifest.metrics.end(), figures.begin(), figures.end());
  manifest.grading.prior = challenge_prevalence();
  manifest.grading.prior_source =
      "class frequencies by level in the training table of the RSNA 2024 lumbar challenge (1,975 studies)";

  TrainedNetwork trained;
  trained.spec = unet_spec("locator", training.network, locator_interface(training.network));
  trained.state = state;
  const cv::Mat1f middle = middle_of(example, kGoldenRows, kGoldenColumns);
  trained.golden_inputs = {{"image", network_input(middle, training.network.stride()).unsqueeze(0)}};
  write_bundle(training.out, std::move(manifest), {trained});
}

/// The bundle, with figures from the fold runs.
void write_result(const LocatorTraining& training, const TensorMap& state, const Split& split) {
  std::vector<LevelFigure> unseen;
  for (const fs::path& run : training.cross_validation) {
    const auto rows = read_figures(run / "training" / "held_out.csv");
    unseen.insert(unseen.end(), rows.begin(), rows.end());
  }
  const LabelledStack& stack = split.sources.labelled.front();
  write_locator_bundle(training, state, stack.slices[stack.slices.size() / 2].pixels, unseen);
  log_info(text("bundle written to ", training.out.string(), "; ", describe(summarise(unseen))));
}

}  // namespace

void train_locator(const LocatorTraining& training) {
  training.check_fold();
  prepare_training(training);
  Split split = load_split(training, LocatorDataset(training.data));
  log_info(text("training on ", split.sources.labelled.size(), " studies, ", split.held_out.size(), " held out"));
  TensorMap state =
      train_stage(training, split.sources, 0, training.iterations, training.rate, initial_weights(training));
  if (!training.unlabelled.empty() && training.self_iterations > 0) state = self_train(training, state, split);
  measure_held_out(training, state, split, "held_out");
  write_safetensors(training.record_folder() / "average.safetensors", state);
  if (!training.cross_validation.empty()) write_result(training, state, split);
}

}  // namespace lumbargrade
