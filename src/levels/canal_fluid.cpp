#include "levels/canal_fluid.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <span>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr double kAcrossMm = 12;
constexpr double kFluidSmoothingMm = 1;
constexpr double kFluidSearchMm = 7;
constexpr double kLeastSignal = 1e-6;

/// Cosine between a row and the canal's normal at entry `k`.
double turn_of(const CanalProfile& profile, size_t k) {
  const size_t above = k > 0 ? k - 1 : k, below = std::min(k + 1, profile.line_mm.size() - 1);
  const cv::Point2d along = profile.line_mm[below] - profile.line_mm[above];
  const double length = std::hypot(along.x, along.y);
  return length > 0 ? along.y / length : 1;
}

double signal_of_row(const cv::Mat1f& canal, const cv::Mat1f& pixels, cv::Point2d middle_mm, double pixel_mm) {
  const int row = std::clamp(static_cast<int>(std::lround(middle_mm.y / pixel_mm)), 0, canal.rows - 1);
  const int middle = static_cast<int>(std::lround(middle_mm.x / pixel_mm));
  const int reach = static_cast<int>(kAcrossMm / pixel_mm);
  double sum = 0;
  for (int column = std::max(0, middle - reach); column <= std::min(canal.cols - 1, middle + reach); ++column) {
    sum += double{canal(row, column)} * double{pixels(row, column)};
  }
  return sum * pixel_mm;
}

std::vector<double> smoothed(const std::vector<double>& values, double sigma) {
  cv::Mat1d result;
  const cv::Mat1d column(values, true);
  cv::GaussianBlur(column, result, {1, 0}, 1e-3, sigma, cv::BORDER_REPLICATE);
  return {result.begin(), result.end()};
}

size_t entries_in(const CanalProfile& profile, double mm) {
  return static_cast<size_t>(std::lround(mm / profile.step_mm));
}

/// The signal within `reach` entries of `middle`.
std::span<const double> signal_around(const std::vector<double>& signal, size_t middle, size_t reach) {
  const size_t first = middle - std::min(middle, reach);
  return std::span(signal).subspan(first, std::min(middle + reach + 1, signal.size()) - first);
}

/// Median signal within kReferenceReachMm of half-way between two discs.
double signal_between(const CanalProfile& profile, const std::vector<double>& signal, size_t above, size_t below) {
  const auto around = signal_around(signal, (above + below) / 2, entries_in(profile, kReferenceReachMm));
  return median_of(std::vector<double>(around.begin(), around.end()));
}

}  // namespace

std::vector<double> signal_across(const cv::Mat1f& canal, const cv::Mat1f& pixels, const CanalProfile& profile) {
  std::vector<double> signal;
  for (size_t k = 0; k < profile.line_mm.size(); ++k) {
    signal.push_back(signal_of_row(canal, pixels, profile.line_mm[k], profile.step_mm) * turn_of(profile, k));
  }
  return signal.empty() ? signal : smoothed(signal, kFluidSmoothingMm / profile.step_mm);
}

std::optional<double> fluid_ratio(const CanalProfile& profile, const std::vector<double>& signal,
                                  const std::vector<DiscCandidate>& discs, size_t disc) {
  const auto here = canal_at_disc(profile, discs[disc]);
  if (!here) return std::nullopt;
  std::vector<double> between;
  if (disc > 0) {
    const auto above = canal_at_disc(profile, discs[disc - 1]);
    if (above && above->index < here->index) {
      between.push_back(signal_between(profile, signal, above->index, here->index));
    }
  }
  if (disc + 1 < discs.size()) {
    const auto below = canal_at_disc(profile, discs[disc + 1]);
    if (below && here->index < below->index) {
      between.push_back(signal_between(profile, signal, here->index, below->index));
    }
  }
  if (between.empty()) return std::nullopt;
  const double usual = std::accumulate(between.begin(), between.end(), 0.0) / static_cast<double>(between.size());
  if (usual < kLeastSignal) return std::nullopt;
  return std::ranges::min(signal_around(signal, here->index, entries_in(profile, kFluidSearchMm))) / usual;
}

}  // namespace lumbargrade
