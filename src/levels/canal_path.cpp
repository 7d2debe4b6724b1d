#include "levels/canal_path.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <queue>

namespace lumbargrade {
namespace {

// A path of whole pixels zigzags by this much about the line it stands for.
constexpr double kPathStepPx = 1;

constexpr size_t kShortestPath = 10;
constexpr size_t kNoPixel = std::numeric_limits<size_t>::max();

/// The eight neighbours, clockwise from the one above.
constexpr std::array<std::array<int, 2>, 8> kAround = {
    {{-1, 0}, {-1, 1}, {0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}}};

/// Whether Zhang and Suen's conditions take this pixel away in the first or the second half of a pass.
bool is_removable(const cv::Mat1b& image, cv::Point at, bool first_half) {
  std::array<bool, 8> p{};
  int count = 0;
  for (size_t k = 0; k < 8; ++k) {
    p[k] = image(at.y + kAround[k][0], at.x + kAround[k][1]) != 0;
    count += p[k];
  }
  if (count < 2 || count > 6) return false;
  int rises = 0;
  for (size_t k = 0; k < 8; ++k) rises += !p[k] && p[(k + 1) % 8];
  if (rises != 1) return false;
  return first_half ? !(p[0] && p[2] && p[4]) && !(p[2] && p[4] && p[6])
                    : !(p[0] && p[2] && p[6]) && !(p[0] && p[4] && p[6]);
}

/// One half pass over the pixels that are left; true when one was taken away.
bool thin(cv::Mat1b& image, std::vector<cv::Point>& left, bool first_half) {
  std::vector<cv::Point> gone;
  std::vector<cv::Point> kept;
  for (const cv::Point& at : left) (is_removable(image, at, first_half) ? gone : kept).push_back(at);
  for (const cv::Point& at : gone) image(at) = 0;
  left = std::move(kept);
  return !gone.empty();
}

struct Distances {
  std::vector<double> to;        ///< infinite where unreachable
  std::vector<size_t> previous;  ///< kNoPixel at the start
};

/// The skeleton's pixels as a graph: neighbours are 1 or sqrt 2 apart.
class PixelGraph {
 public:
  explicit PixelGraph(const cv::Mat1b& image) : index_(image.size(), -1) {
    for (int row = 0; row < image.rows; ++row) {
      for (int column = 0; column < image.cols; ++column) {
        if (image(row, column) == 0) continue;
        index_(row, column) = static_cast<int>(pixels_.size());
        pixels_.emplace_back(column, row);
      }
    }
  }

  const std::vector<cv::Point>& pixels() const { return pixels_; }

  Distances from(size_t start) const {
    constexpr double kFar = std::numeric_limits<double>::infinity();
    Distances result{std::vector<double>(pixels_.size(), kFar), std::vector<size_t>(pixels_.size(), kNoPixel)};
    using Entry = std::pair<double, size_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    result.to[start] = 0;
    open.emplace(0, start);
    while (!open.empty()) {
      const auto [distance, node] = open.top();
      open.pop();
      if (distance > result.to[node]) continue;
      for (const auto& [down, right] : kAround) {
        const cv::Point next = pixels_[node] + cv::Point(right, down);
        if (next.x < 0 || next.y < 0 || next.x >= index_.cols || next.y >= index_.rows || index_(next) < 0) continue;
        const auto neighbour = static_cast<size_t>(index_(next));
        const double there = distance + (down != 0 && right != 0 ? std::numbers::sqrt2 : 1);
        if (there >= result.to[neighbour]) continue;
        result.to[neighbour] = there;
        result.previous[neighbour] = node;
        open.emplace(there, neighbour);
      }
    }
    return result;
  }

 private:
  cv::Mat1i index_;
  std::vector<cv::Point> pixels_;
};

size_t farthest(const Distances& distances) {
  size_t best = 0;
  double most = -1;
  for (size_t k = 0; k < distances.to.size(); ++k) {
    if (std::isfinite(distances.to[k]) && distances.to[k] > most) most = distances.to[k], best = k;
  }
  return best;
}

/// A pixel of the piece with most pixels; kNoPixel when there is none.
size_t start_in_largest_piece(const cv::Mat1b& lines, const PixelGraph& graph) {
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(lines, labels, stats, centroids, 8);
  int largest = 0;
  for (int label = 1; label < count; ++label) {
    if (largest == 0 || stats.at<int>(label, cv::CC_STAT_AREA) > stats.at<int>(largest, cv::CC_STAT_AREA))
      largest = label;
  }
  for (size_t k = 0; largest > 0 && k < graph.pixels().size(); ++k) {
    if (labels.at<int>(graph.pixels()[k]) == largest) return k;
  }
  return kNoPixel;
}

}  // namespace

cv::Mat1b skeleton(const cv::Mat1b& mask) {
  cv::Mat1b image;
  cv::copyMakeBorder(mask != 0, image, 1, 1, 1, 1, cv::BORDER_CONSTANT, 0);
  std::vector<cv::Point> left;
  for (int row = 1; row + 1 < image.rows; ++row) {
    for (int column = 1; column + 1 < image.cols; ++column) {
      if (image(row, column) != 0) left.emplace_back(column, row);
    }
  }
  for (bool changed = true; changed;) {
    changed = thin(image, left, true);
    changed = thin(image, left, false) || changed;
  }
  return image(cv::Rect(1, 1, mask.cols, mask.rows)).clone();
}

CanalPath trace_canal(const cv::Mat1b& mask) {
  CanalPath path;
  const cv::Mat1b lines = skeleton(mask);
  const PixelGraph graph(lines);
  const size_t start = start_in_largest_piece(lines, graph);
  if (start == kNoPixel) return path;
  const size_t end = farthest(graph.from(start));
  const Distances distances = graph.from(end);
  for (size_t node = farthest(distances); node != kNoPixel; node = distances.previous[node]) {
    path.points_px.push_back(graph.pixels()[node]);
  }
  if (path.points_px.size() < kShortestPath) return {};
  if (path.points_px.front().y > path.points_px.back().y) std::reverse(path.points_px.begin(), path.points_px.end());

  cv::Mat1f distance;
  cv::distanceTransform(mask != 0, distance, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  for (const cv::Point& point : path.points_px) path.diameters_px.push_back(2 * double{distance(point)});
  return path;
}

std::optional<size_t> nearest_on_path(const CanalPath& path, cv::Point2d point_px, double farthest_px) {
  const auto distance_px = [&](size_t k) { return cv::norm(cv::Point2d(path.points_px[k]) - point_px); };
  std::optional<size_t> nearest;
  double least = farthest_px;
  for (size_t k = 0; k < path.points_px.size(); ++k) {
    if (distance_px(k) < least) least = distance_px(k), nearest = k;
  }
  if (!nearest) return std::nullopt;
  size_t first = *nearest;
  size_t last = *nearest;
  while (first > 0 && distance_px(first - 1) <= least + kPathStepPx) --first;
  while (last + 1 < path.points_px.size() && distance_px(last + 1) <= least + kPathStepPx) ++last;
  return (first + last) / 2;
}

double narrowest_near(const CanalPath& path, size_t index, double reach_px) {
  double narrowest = path.diameters_px[index];
  for (size_t k = 0; k < path.points_px.size(); ++k) {
    if (cv::norm(path.points_px[k] - path.points_px[index]) <= reach_px)
      narrowest = std::min(narrowest, path.diameters_px[k]);
  }
  return narrowest;
}

}  // namespace lumbargrade
