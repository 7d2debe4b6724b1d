#pragma once

#include <opencv2/core.hpp>
#include <random>

#include "training/segmentation/locator_data.h"

namespace lumbargrade {

/// Size of a training crop, canonical pixels: 192 x 269 mm.
inline constexpr int kCropColumns = 320;
inline constexpr int kCropRows = 448;

/// One augmented crop, ready for the network.
struct LocatorCrop {
  cv::Mat1f input;                  ///< normalised as at inference, kCropRows x kCropColumns
  std::array<cv::Mat1f, 3> fine;    ///< disc, vertebra, canal: 0..1
  std::array<cv::Mat1f, 3> coarse;  ///< L5/S1 disc, S1 spot, centre spots at half the size
};

/// Cuts and distorts one slice of `stack`: geometry, slice thickness, contrast, resolution, noise, field of view.
/// The same generator state gives the same crop.
LocatorCrop augmented_crop(const LabelledStack& stack, size_t slice, std::mt19937_64& random);

}  // namespace lumbargrade
