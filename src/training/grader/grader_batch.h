#pragma once

#include <vector>

#include "training/grader/crop_augmentation.h"
#include "training/grader/grader_data.h"
#include "training/grader/grader_loss.h"
#include "training/loop/trainer.h"

namespace lumbargrade {

/// One region to learn from.
struct Example {
  const NetworkData* data = nullptr;
  size_t sample = 0;
  int study = 0;                       ///< unique over labelled and unlabelled data
  std::vector<Probabilities> targets;  ///< by condition, shares of the classes; zeros: nothing is known of it
  double weight = 1;
  bool labelled = true;                    ///< by people: only then a study's canals tell whether any is severe
  CropPoint point = CropPoint::Predicted;  ///< one that the sample has
  bool jittered = true;

  const CropFile& crops(size_t view) const { return data->crops(point)[view]; }
  size_t record() const { return *data->samples[sample].record(point); }
};

/// Draws what every example is centred on, by the recipe's shares; never a predicted point at another level than the
/// given one. Every example must have a crop.
void draw_points(const PointShares& shares, std::uint64_t seed, std::vector<Example>& examples);

/// The augmentation of a view of one example: its point stays where it is not jittered, and moves by the error of
/// learned points where that is known.
AugmentationRecipe augmentation_of(const Example& example, size_t view, AugmentationRecipe augmentation);

/// Augmented crops of the examples as a grading network takes them, with their targets; blended by mixup or CutMix
/// where the recipe says so. Every crop is drawn from `seed` and its own place.
TrainingBatch augmented_batch(const std::vector<Example>& examples, const NetworkRecipe& network,
                              const AugmentationRecipe& augmentation, std::uint64_t seed);

/// One of a batch's rows.
CropBuffers buffers_of(const CropBatch& batch, size_t row);

/// Some crops of a file as inference cuts them.
CropBatch central_crops(const CropFile& file, const std::vector<size_t>& records);

/// The crops of some samples as `grade` cuts them, as a grading network takes them. Each sample must have one.
TensorMap central_inputs(const NetworkData& data, const std::vector<size_t>& samples, const torch::Device& device);

}  // namespace lumbargrade
