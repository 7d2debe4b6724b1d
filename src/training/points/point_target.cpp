#include "training/points/point_target.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kTargetSdMm = 2;

}  // namespace

void write_point_target(const CropPlace& place, const View& view, std::span<const float> valid,
                        std::span<float> target) {
  std::fill(target.begin(), target.end(), 0.0F);
  if (!shows(view.slices, view.size_px, place)) return;
  const double sigma_px = kTargetSdMm / view.pixel_mm, slice = std::clamp(place.slice, 0.0, view.slices - 1.0);
  double sum = 0;
  auto at = target.begin();
  for (int s = 0; s < view.slices; ++s) {
    const double share = valid[static_cast<size_t>(s)] > 0 ? std::max(0.0, 1 - std::abs(s - slice)) : 0.0;
    for (int row = 0; row < view.size_px; ++row) {
      for (int column = 0; column < view.size_px; ++column) {
        const double distance = std::hypot(row - place.row, column - place.column) / sigma_px;
        const double value = share * std::exp(-distance * distance / 2);
        sum += value;
        *at++ = static_cast<float>(value);
      }
    }
  }
  if (sum <= 0) return;
  for (float& value : target) value /= static_cast<float>(sum);
}

}  // namespace lumbargrade
