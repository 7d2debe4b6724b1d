#include "training/points/point_trainer.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "grades/crop_tensors.h"
#include "network/state.h"
#include "points/point_view.h"
#include "training/grader/fold_training.h"
#include "training/grader/grader_batch.h"
#include "training/loop/trainer.h"
#include "training/points/point_augmentation.h"
#include "training/points/point_bundle.h"
#include "training/points/point_tables.h"
#include "training/points/point_target.h"
#include "training/segmentation/random_draws.h"

namespace lumbargrade {
namespace {

/// What a run's seed is used for.
enum PointStream : std::uint64_t { kPointWeights = 1, kPointCrops = 2 };

constexpr double kMirrorShare = 0.5;
constexpr size_t kCropsAtOnce = 64;

TensorMap point_inputs(const CropBatch& batch, const torch::Device& device) {
  TensorMap inputs;
  add_view(inputs, kPointInput, batch, device);
  return inputs;
}

/// Cross-entropy between the shares of places and those of the target, over the crops that show their point.
torch::Tensor place_loss(const TensorMap& outputs, const TrainingBatch& batch) {
  const torch::Tensor logits = outputs.at(kPointOutput).to(torch::kFloat32).flatten(1);
  const torch::Tensor target = batch.targets.at(kPointOutput).flatten(1);
  const torch::Tensor shown = target.sum().clamp_min(1);
  return -(target * torch::log_softmax(logits, 1)).sum() / shown;
}

OptimisationSettings point_optimisation(const PointTraining& training) {
  OptimisationSettings settings;
  settings.epochs = 1;
  settings.rate = training.rate;
  settings.weight_decay = 1e-3;
  settings.warm_up = 0.05;
  settings.average = 0.99;
  settings.average_first = 0;
  return settings;
}

/// The network of one anchor in one fold.
class AnchorTask {
 public:
  /// `fold`: of studies held out; empty: none.
  AnchorTask(const PointTraining& training, const PointData& data, Anchor anchor, std::optional<int> fold)
      : training_(training), data_(data), own_(data.anchors[index_of(anchor)]), anchor_(anchor), fold_(fold) {
    std::vector<int> folds;
    if (fold) folds = folds_of_studies(data.study_ids.size(), training.folds, training.seed);
    for (size_t k = 0; k < own_.samples.size(); ++k) {
      const bool is_held_out = fold && folds[static_cast<size_t>(own_.samples[k].study)] == *fold;
      if (is_held_out) {
        held_out_.push_back(k);
      } else if (own_.samples[k].given) {
        trained_.push_back(k);
      }
    }
  }

  bool can_learn() const { return !trained_.empty(); }
  std::string title() const { return text(anchor_name(anchor_), fold_ ? text(", fold ", *fold_) : ""); }

  TensorMap train(const TensorMap& start) const {
    TrainingTask task;
    task.build = [this] { return build(); };
    task.start = start;
    task.steps_per_epoch = training_.iterations;
    task.optimisation = point_optimisation(training_);
    task.batch = [this](int step) { return batch(step); };
    task.loss = place_loss;
    task.identity = {{"network", point_parameters(training_)},
                     {"batch", training_.batch},
                     {"data", data_.fingerprint},
                     {"folds", training_.folds},
                     {"fold", fold_.value_or(-1)}};
    return train_network(task, training_run(training_, text("points of the ", title()),
                                            text(anchor_name(anchor_), fold_ ? text("-fold", *fold_) : ""),
                                            seed(kPointWeights, 0)))
        .state;
  }

  /// What a network with these weights says of the points that were held out.
  std::vector<HeldOutPoint> held_out(const TensorMap& state) const {
    const Network network = build();
    load_state(*network.module, state, "averaged weights");
    network.module->eval();
    const torch::Device device(training_.device);
    network.module->to(device);
    const torch::InferenceMode inference;
    std::vector<HeldOutPoint> points;
    for (size_t first = 0; first < held_out_.size(); first += kCropsAtOnce) {
      const size_t count = std::min(kCropsAtOnce, held_out_.size() - first);
      const std::vector<size_t> samples(held_out_.begin() + static_cast<std::ptrdiff_t>(first),
                                        held_out_.begin() + static_cast<std::ptrdiff_t>(first + count));
      const torch::Tensor logits =
          network.forward(point_inputs(central_crops(own_.crops, samples), device)).at(kPointOutput).flatten(1);
      const torch::Tensor maps = torch::softmax(logits.to(torch::kFloat32), 1).to(torch::kCPU).contiguous();
      for (size_t k = 0; k < count; ++k)
        points.push_back(held_out_point(samples[k], maps[static_cast<std::int64_t>(k)]));
    }
    return points;
  }

  /// The input of one crop, as inference has it.
  TensorMap example() const {
    return {{kPointInput, point_inputs(central_crops(own_.crops, {trained_.front()}), torch::kCPU).at(kPointInput)}};
  }

 private:
  Network build() const {
    return build_network("point_finder", point_parameters(training_), "the program", "points network");
  }

  std::uint64_t seed(PointStream stream, int step) const {
    return seed_of({training_.seed, stream, index_of(anchor_), static_cast<std::uint64_t>(fold_.value_or(-1) + 1),
                    static_cast<std::uint64_t>(step)});
  }

  TrainingBatch batch(int step) const {
    const View& view = own_.crops.view();
    const auto count = static_cast<size_t>(training_.batch);
    const CropBatch crops{torch::zeros({training_.batch, view.slices, view.size_px, view.size_px}),
                          torch::zeros({training_.batch, view.slices})};
    torch::Tensor target = torch::zeros_like(crops.pixels);
    TrainingBatch result;
    for (size_t k = 0; k < count; ++k) {
      Random random = crop_generator(seed(kPointCrops, step), step, static_cast<int>(k));
      const size_t chosen = trained_[std::uniform_int_distribution<size_t>(0, trained_.size() - 1)(random)];
      const PointSample& sample = own_.samples[chosen];
      const bool mirror = anchor_ == Anchor::Canal && chance(random, kMirrorShare);
      const CropBuffers buffers = buffers_of(crops, k);
      const CropPlace place = copy_augmented_point(own_.crops, chosen, *sample.given, mirror, random, buffers);
      torch::Tensor own = target[static_cast<std::int64_t>(k)];
      write_point_target(place, view, {buffers.valid, static_cast<size_t>(view.slices)},
                         {own.data_ptr<float>(), static_cast<size_t>(own.numel())});
      result.studies.push_back(data_.study_ids[static_cast<size_t>(sample.study)]);
    }
    result.inputs = point_inputs(crops, torch::kCPU);
    result.targets = {{kPointOutput, target}};
    return result;
  }

  HeldOutPoint held_out_point(size_t index, const torch::Tensor& map) const {
    const View& view = own_.crops.view();
    const CropMargin& margin = own_.crops.margin();
    const PointSample& sample = own_.samples[index];
    HeldOutPoint point;
    point.study = sample.study;
    point.finding = sample.finding;
    point.read = read_place({map.data_ptr<float>(), static_cast<size_t>(map.numel())}, view);
    CropPlace& place = point.read.place;
    place = {place.slice + margin.slices, place.row + margin.pixels, place.column + margin.pixels};
    point.given = sample.given;
    point.image = sample.source.image_place(place, own_.crops.size_px());
    const double middle_px = (own_.crops.size_px() - 1) / 2.0;
    point.usual = {(own_.crops.slices() - 1) / 2.0, middle_px, middle_px};
    point.pixel_mm = view.pixel_mm;
    return point;
  }

  const PointTraining& training_;
  const PointData& data_;
  const AnchorData& own_;
  Anchor anchor_;
  std::optional<int> fold_;
  std::vector<size_t> trained_;
  std::vector<size_t> held_out_;
};

void check_point_folds(const PointTraining& training) {
  const bool exists =
      training.folds != 1 && (!training.fold || (*training.fold >= 0 && *training.fold < training.folds));
  if (exists) return;
  throw Error(ErrorKind::Usage,
              text("--fold ", training.fold.value_or(0), " of --folds ", training.folds,
                   " does not exist; give --folds N (2 or more, or 0 for none) and --fold 0 ... N-1"));
}

std::vector<std::optional<int>> runs_of(const PointTraining& training) {
  if (training.folds == 0) return {std::nullopt};
  if (training.fold) return {training.fold};
  std::vector<std::optional<int>> runs;
  for (int fold = 0; fold < training.folds; ++fold) runs.emplace_back(fold);
  return runs;
}

void log_figures(const std::vector<HeldOutPoint>& points) {
  for (const Anchor anchor : kPointAnchors) {
    const PointFigures found = found_figures(points, anchor);
    if (found.count == 0) continue;
    log_info(text("held-out ", anchor_name(anchor), ": ", describe(found),
                  "; usual places: ", describe(usual_figures(points, anchor))));
  }
}

}  // namespace

void train_points(const PointTraining& training) {
  check_point_folds(training);
  prepare_training(training);
  const std::vector<TensorMap> start = initial_point_weights(training);
  const PointData data = load_point_data(training.data);
  std::vector<TrainedPoints> trained;
  for (const Anchor anchor : kPointAnchors) trained.push_back({anchor, {}, {}});
  std::vector<HeldOutPoint> held_out;
  for (const auto& fold : runs_of(training)) {
    for (TrainedPoints& points : trained) {
      const AnchorTask task(training, data, points.anchor, fold);
      if (!task.can_learn()) {
        log_warning(text("no coordinates to learn the points of the ", task.title(), " from: it has no network"));
        continue;
      }
      points.members.push_back(task.train(start[index_of(points.anchor)]));
      points.example = task.example();
      const auto own = task.held_out(points.members.back());
      held_out.insert(held_out.end(), own.begin(), own.end());
    }
    log_figures(held_out);
  }
  if (training.folds > 0) {
    std::ranges::sort(held_out, {}, [](const HeldOutPoint& point) { return std::pair(point.study, point.finding); });
    write_out_of_fold_points(training.record_folder() / "out_of_fold_points.csv", data, held_out);
    write_held_out_points(training.record_folder() / "held_out_points.csv", data, held_out);
  }
  write_point_bundle(training, data, trained, held_out);
  log_info(text("bundle written to ", training.out.string()));
}

}  // namespace lumbargrade
