#pragma once

#include <random>

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

/// The crop shifted, turned, scaled and with other contrast, as the recipe says. All slices change alike. `mirror`: as
/// of the mirrored patient, for findings in the middle of the body: sagittal slices in reverse order, axial ones with
/// left and right exchanged.
void copy_augmented(const CropFile& file, size_t sample, const AugmentationRecipe& recipe, bool mirror,
                    std::mt19937_64& random, const CropBuffers& buffers);

}  // namespace lumbargrade
