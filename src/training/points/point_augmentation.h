#pragma once

#include <random>

#include "training/grader/crop_augmentation.h"
#include "training/points/point_data.h"

namespace lumbargrade {

/// The crop shifted (some 2.5 mm, a slice), turned, scaled; contrast, bias field, sharpness, resolution and noise
/// changed, now and then a slice taken away: hard, so that what is learned on synthetic studies holds on real ones.
/// `mirror`: the slices in reverse order, for points in the middle of the body. Returns where the place `given` of the
/// stored crop lies in it, outside of it or not.
CropPlace copy_augmented_point(const CropFile& file, size_t sample, const CropPlace& given, bool mirror,
                               std::mt19937_64& random, const CropBuffers& buffers);

}  // namespace lumbargrade
