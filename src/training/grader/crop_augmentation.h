#pragma once

#include <torch/types.h>

#include <random>

#include "grades/crop_tensors.h"
#include "training/grader/crop_file.h"
#include "training/grader/grader_recipe.h"

namespace lumbargrade {

/// One view of one sample on its way into a batch: slices x rows x columns of grey values 0..255, and 1 per slice that
/// exists. The buffers belong to the batch.
struct CropBuffers {
  float* pixels = nullptr;
  float* valid = nullptr;
};

/// The crop as inference cuts it.
void copy_central(const CropFile& file, size_t sample, const CropBuffers& buffers);

/// Stored crops of one view, R of them, with what was drawn for each. Made by the loader on the CPU; augmented_crops
/// turns them into a batch where the training runs. Q = P + 2 margin pixels.
struct DrawnCrops {
  torch::Tensor pixels;  ///< R x S x Q x Q, uint8: the drawn slices in their drawn order and contrast
  torch::Tensor valid;   ///< R x S, float32
  torch::Tensor maps;    ///< R x 2 x 3, float32: stored column and row of (column, row, 1) of the crop
  torch::Tensor bends;   ///< R x 2 x 5 x 5, float32, stored pixels: a smooth displacement on top; undefined: none
  torch::Tensor noise;   ///< R x 2: SD of greys from 0 to 1, and a number in [0, 1) that picks the noise
  torch::Tensor blur;    ///< R, float32: SD in pixels; undefined: none
  torch::Tensor boxes;   ///< R x 4, float32: top, bottom, left, right in pixels of what is cut out; undefined: nothing
  std::uint64_t seed = 0;  ///< of the noise
  int size_px = 0;         ///< P
};

/// Buffers for `rows` crops of a file's view, to be filled by draw_crop.
DrawnCrops empty_crops(const CropFile& file, size_t rows, const AugmentationRecipe& recipe, std::uint64_t seed);

/// One of a file's crops.
struct StoredCrop {
  const CropFile& file;
  size_t sample;
};

/// Puts a stored crop into its row and draws how it is shifted, turned, scaled, sheared, bent, blurred, cut out, what
/// becomes of its contrast and slices, as the recipe says. All slices change alike. `mirror`: as of the mirrored
/// patient, for findings in the middle of the body: sagittal slices in reverse order, axial ones with left and right
/// exchanged. Rows may be filled by different recipes that differ in their jitter.
void draw_crop(const StoredCrop& stored, const AugmentationRecipe& recipe, bool mirror, std::mt19937_64& random,
               DrawnCrops& crops, size_t row);

/// The crops as they were drawn, computed on `device`: R x S x P x P, float32, greys 0..255.
CropBatch augmented_crops(const DrawnCrops& crops, const torch::Device& device);

}  // namespace lumbargrade
