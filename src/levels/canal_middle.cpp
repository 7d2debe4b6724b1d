#include "levels/canal_middle.h"

#include <algorithm>

namespace lumbargrade {
namespace {

// Along its peak the canal's mass may rise by this factor before another structure is taken to begin.
constexpr double kPeakNoise = 1.2;

/// Where the mass ends to fall, walking from `from` in steps of `step`.
size_t edge_of_peak(const std::vector<double>& mass, size_t from, int step) {
  double least = mass[from];
  size_t at = from;
  while (at + static_cast<size_t>(step) < mass.size()) {  // below zero wraps around and ends it too
    const size_t next = at + static_cast<size_t>(step);
    if (mass[next] <= 0 || mass[next] > kPeakNoise * least) break;
    least = std::min(least, mass[next]);
    at = next;
  }
  return at;
}

}  // namespace

double canal_mass(const cv::Mat1f& canal, cv::Point2d middle_mm, double pixel_mm) {
  const cv::Rect around(static_cast<int>((middle_mm.x - 12) / pixel_mm), static_cast<int>((middle_mm.y - 8) / pixel_mm),
                        static_cast<int>(24 / pixel_mm), static_cast<int>(16 / pixel_mm));
  const cv::Rect inside = around & cv::Rect(0, 0, canal.cols, canal.rows);
  return inside.empty() ? 0 : cv::sum(canal(inside))[0];
}

double middle_slice(const std::vector<double>& mass, const SlicePositions& slices, size_t first, size_t last) {
  size_t top = first;
  for (size_t k = first + 1; k <= last; ++k) top = mass[k] > mass[top] ? k : top;
  if (mass[top] <= 0) return static_cast<double>(first + last) / 2;
  while (top > 0 && mass[top - 1] > mass[top]) --top;
  while (top + 1 < mass.size() && mass[top + 1] > mass[top]) ++top;
  const size_t left_edge = edge_of_peak(mass, top, -1);
  const size_t right_edge = edge_of_peak(mass, top, 1);
  double weight = 0;
  double sum_mm = 0;
  for (size_t k = left_edge; k <= right_edge; ++k) {
    const double here = mass[k] * slices.share_mm(static_cast<int>(k));
    weight += here;
    sum_mm += here * slices.height_of(static_cast<double>(k));
  }
  return weight > 0 ? slices.slice_at(sum_mm / weight) : static_cast<double>(top);
}

}  // namespace lumbargrade
