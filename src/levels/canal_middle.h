#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "volume/slice_positions.h"

namespace lumbargrade {

/// Canal seen in a slice near a point of its course: how much this slice is in the middle.
double canal_mass(const cv::Mat1f& canal, cv::Point2d middle_mm, double pixel_mm);

/// Fractional slice of the canal's middle at one disc: the mean, by where slices lie and
/// how much of the stack each stands for, over the peak of canal mass at or near the slices
/// `first`..`last`. Beyond a valley lies something else, such as fat beside the spine.
double middle_slice(const std::vector<double>& mass_of_slice, const SlicePositions& slices, size_t first, size_t last);

}  // namespace lumbargrade
