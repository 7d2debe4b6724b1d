#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

namespace lumbargrade {

/// The middle line of a canal's outline in one sagittal slice, from the head down: the longest path of the outline's
/// skeleton, so that branches towards nerve roots and epidural fat do not count. Pixels are square.
struct CanalPath {
  std::vector<cv::Point> points_px;
  std::vector<double> diameters_px;  ///< twice the distance to the nearest pixel outside

  bool empty() const { return points_px.empty(); }
};

/// Traces a mask (nonzero: canal). Empty when nothing longer than a few pixels is left of it.
CanalPath trace_canal(const cv::Mat1b& mask);

/// Index of the path's point nearest to `point_px`; nothing when it is farther than `farthest_px`. Of neighbours that
/// are nearest but for the path's whole pixels, the middle one: beside a straight canal a step of one pixel would else
/// move the point by several millimetres along it.
std::optional<size_t> nearest_on_path(const CanalPath& path, cv::Point2d point_px, double farthest_px);

/// Least diameter among the points within `reach_px` of point `index`.
double narrowest_near(const CanalPath& path, size_t index, double reach_px);

/// Skeleton by Zhang and Suen (1984): thins a mask to lines one pixel wide that keep its topology.
cv::Mat1b skeleton(const cv::Mat1b& mask);

}  // namespace lumbargrade
