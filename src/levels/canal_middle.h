#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "volume/slice_positions.h"

namespace lumbargrade {

/// Canal seen in a slice near a point of its course: how much this slice is in the middle.
double canal_mass(const cv::Mat1f& canal, cv::Point2d middle_mm, double pixel_mm);

/// Slices of a stack, both included.
struct SliceRange {
  size_t first = 0;
  size_t last = 0;

  std::span<const double> of(const std::vector<double>& by_slice) const {
    return std::span(by_slice).subspan(first, last - first + 1);
  }
};

/// By disc, from the head down, the slice near which its canal's middle is looked for: of the slices in `range` those
/// that show most canal and together make a course that bends no more than a canal does. At a severe stenosis what
/// shows most may be fat beside the canal, a centimetre from where its neighbours are. `masses` by disc and slice; as
/// many ranges. Where nothing else tells, the middle of the range.
std::vector<size_t> canal_course(const std::vector<std::vector<double>>& masses, const SlicePositions& slices,
                                 const std::vector<SliceRange>& ranges);

/// Fractional slice of the canal's middle at one disc: the mean, by where slices lie and how much of the stack each
/// stands for, over the peak of canal mass that is reached uphill from slice `start` within 5 mm. Beyond a valley lies
/// something else, such as fat beside the spine. `start` where there is no canal.
double middle_slice(const std::vector<double>& mass_of_slice, const SlicePositions& slices, size_t start);

/// The same from the slice of `range` that shows most canal; the middle of the range where none does.
double middle_slice(const std::vector<double>& mass_of_slice, const SlicePositions& slices, SliceRange range);

}  // namespace lumbargrade
