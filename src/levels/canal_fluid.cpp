#include "levels/canal_fluid.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

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
  const auto usual = mean_beside(profile, signal, discs, disc);
  if (!here || !usual || *usual < kLeastSignal) return std::nullopt;
  return std::ranges::min(values_around(profile, signal, here->index, kFluidSearchMm)) / *usual;
}

}  // namespace lumbargrade
