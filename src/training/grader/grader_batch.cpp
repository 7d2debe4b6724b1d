#include "training/grader/grader_batch.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "crops/region.h"
#include "grades/crop_tensors.h"

namespace lumbargrade {
namespace {

constexpr double kMirroredShare = 0.5;

/// Which of a batch's generators a seed is for.
enum BatchStream : std::uint64_t { kCrops, kMirroring, kBlending, kNoise };

std::vector<bool> mirrored_rows(size_t count, const NetworkRecipe& network, const AugmentationRecipe& augmentation,
                                std::uint64_t seed) {
  std::vector<bool> mirrored(count, false);
  const bool has_sides = regions_of(network.conditions).front().side.has_value();  // seen from both of them
  if (has_sides || !augmentation.mirror_canals) return mirrored;
  std::mt19937_64 random(seed_of({seed, kMirroring}));
  std::bernoulli_distribution toss(kMirroredShare);
  for (size_t row = 0; row < count; ++row) mirrored[row] = toss(random);
  return mirrored;
}

DrawnCrops drawn_view(const std::vector<Example>& examples, size_t view, const std::vector<bool>& mirrored,
                      const AugmentationRecipe& augmentation, std::uint64_t seed) {
  DrawnCrops crops =
      empty_crops(examples.front().crops(view), examples.size(), augmentation, seed_of({seed, kNoise, view}));
  for (size_t row = 0; row < examples.size(); ++row) {
    std::mt19937_64 random(seed_of({seed, kCrops, row, view}));
    const Example& example = examples[row];
    draw_crop({example.crops(view), example.record()}, augmentation_of(example, view, augmentation), mirrored[row],
              random, crops, row);
  }
  return crops;
}

/// Of the `index`th condition of the examples' network.
TargetRows targets_of(const std::vector<Example>& examples, size_t index, Condition condition) {
  const auto rows = static_cast<std::int64_t>(examples.size());
  TargetRows targets{torch::zeros({rows, kSeverityCount}), torch::zeros({rows}), torch::full({rows}, -1, torch::kLong)};
  for (size_t row = 0; row < examples.size(); ++row) {
    const Example& example = examples[row];
    const auto at = static_cast<std::int64_t>(row);
    const Probabilities& target = example.targets[index];
    for (int c = 0; c < kSeverityCount; ++c) targets.shares[at][c] = target[static_cast<size_t>(c)];
    targets.weights[at] = example.weight;
    const bool is_known = target != Probabilities{};
    const bool canal = condition == Condition::SpinalCanalStenosis && example.labelled && is_known;
    if (canal) targets.canal_studies[at] = example.study;
  }
  return targets;
}

torch::Tensor blended(const torch::Tensor& tensor, const torch::Tensor& partner, double share) {
  return share * tensor + (1 - share) * tensor.index_select(0, partner);
}

/// A box of the partner's picture, of 1 - share of its area, in place of one's own; the corner is a share of the room.
void paste_box(CropBatch& view, const torch::Tensor& partner, double share, double top_share, double left_share) {
  const auto size = view.pixels.size(2);
  const auto side = std::clamp<std::int64_t>(std::llround(std::sqrt(1 - share) * static_cast<double>(size)), 0, size);
  const auto top = static_cast<std::int64_t>(top_share * static_cast<double>(size - side + 1));
  const auto left = static_cast<std::int64_t>(left_share * static_cast<double>(size - side + 1));
  const auto box = [&](const torch::Tensor& pixels) { return pixels.narrow(2, top, side).narrow(3, left, side); };
  const torch::Tensor other = view.pixels.index_select(0, partner);
  box(view.pixels).copy_(box(other));
}

/// How the rows of a batch are blended: the whole picture (mixup, Zhang 2018) or a box of it (CutMix, Yun 2019).
struct Blend {
  torch::Tensor partner;  ///< by row, int64, CPU; undefined: nothing is blended
  bool whole = true;
  double share = 1, top = 0, left = 0;
};

Blend drawn_blend(std::int64_t rows, const AugmentationRecipe& recipe, std::uint64_t seed) {
  std::mt19937_64 random(seed_of({seed, kBlending}));
  std::uniform_real_distribution<double> uniform(0, 1);
  const double draw = uniform(random);
  if (draw >= recipe.mixup + recipe.cutmix) return {};
  std::vector<std::int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  Blend blend{torch::tensor(order), draw < recipe.mixup};
  blend.share = uniform(random), blend.top = uniform(random), blend.left = uniform(random);
  return blend;
}

void blend_view(CropBatch& view, const Blend& blend) {
  if (!blend.partner.defined()) return;
  const torch::Tensor partner = blend.partner.to(view.pixels.device());
  if (!blend.whole) return paste_box(view, partner, blend.share, blend.top, blend.left);
  view.pixels = blended(view.pixels, partner, blend.share);
  view.valid = torch::maximum(view.valid, view.valid.index_select(0, partner));
}

/// Rows are no single study's then.
void blend_targets(TargetRows& targets, const Blend& blend) {
  if (!blend.partner.defined()) return;
  targets.shares = blended(targets.shares, blend.partner, blend.share);
  targets.weights = blended(targets.weights, blend.partner, blend.share);
  targets.canal_studies = torch::Tensor();
}

}  // namespace

void draw_points(const PointShares& shares, std::uint64_t seed, std::vector<Example>& examples) {
  std::mt19937_64 random(seed);
  std::discrete_distribution<int> drawn({shares.given, shares.predicted, shares.jittered});
  constexpr int kPredictedDraw = 1, kJitteredDraw = 2;
  for (Example& example : examples) {
    const int kind = drawn(random);
    const GraderSample& sample = example.data->samples[example.sample];
    example.jittered = kind == kJitteredDraw;
    example.point = kind == kPredictedDraw ? CropPoint::Predicted : CropPoint::Given;
    if (!sample.is_learned_on(example.point))
      example.point = example.point == CropPoint::Given ? CropPoint::Predicted : CropPoint::Given;
  }
}

AugmentationRecipe augmentation_of(const Example& example, size_t view, AugmentationRecipe augmentation) {
  if (!example.jittered) {
    augmentation.jitter_mm = 0;
    augmentation.jitter_slices = 0;
  } else if (const auto& error = example.data->learned_point_errors[view]) {
    augmentation.jitter_mm = error->in_plane_mm;
    augmentation.jitter_slices = std::min(error->slices, augmentation.jitter_slices);
  }
  return augmentation;
}

TrainingBatch augmented_batch(const std::vector<Example>& examples, const NetworkRecipe& network,
                              const AugmentationRecipe& augmentation, std::uint64_t seed) {
  const std::vector<bool> mirrored = mirrored_rows(examples.size(), network, augmentation, seed);
  std::vector<DrawnCrops> drawn;
  std::vector<std::string> names;
  for (size_t v = 0; v < network.views.size(); ++v) {
    drawn.push_back(drawn_view(examples, v, mirrored, augmentation, seed));
    names.push_back(network.views[v].name);
  }
  const Blend blend = drawn_blend(static_cast<std::int64_t>(examples.size()), augmentation, seed);
  TrainingBatch batch;
  const std::vector<OutputSpec> outputs = outputs_of(network.conditions);
  for (size_t c = 0; c < outputs.size(); ++c) {
    TargetRows targets = targets_of(examples, c, network.conditions[c]);
    blend_targets(targets, blend);
    targets.add_to(batch.targets, outputs[c].name);
  }
  batch.make_inputs = [drawn = std::move(drawn), names = std::move(names), blend](const torch::Device& device) {
    TensorMap inputs;
    for (size_t v = 0; v < drawn.size(); ++v) {
      CropBatch crops = augmented_crops(drawn[v], device);
      blend_view(crops, blend);
      add_view(inputs, names[v], crops, device);
    }
    return inputs;
  };
  return batch;
}

CropBuffers buffers_of(const CropBatch& batch, size_t row) {
  const auto at = static_cast<std::int64_t>(row);
  return {batch.pixels[at].data_ptr<float>(), batch.valid[at].data_ptr<float>()};
}

CropBatch central_crops(const CropFile& file, const std::vector<size_t>& records) {
  const View& view = file.view();
  const auto count = static_cast<std::int64_t>(records.size());
  CropBatch batch{torch::empty({count, view.slices, view.size_px, view.size_px}), torch::empty({count, view.slices})};
  for (size_t row = 0; row < records.size(); ++row) copy_central(file, records[row], buffers_of(batch, row));
  return batch;
}

TensorMap central_inputs(const NetworkData& data, const std::vector<size_t>& samples, const torch::Device& device) {
  std::vector<size_t> records;
  for (const size_t sample : samples) records.push_back(*data.samples[sample].predicted);
  TensorMap inputs;
  for (const CropFile& file : data.predicted) add_view(inputs, file.view().name, central_crops(file, records), device);
  return inputs;
}

}  // namespace lumbargrade
