#include "volume/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "volume/slice_positions.h"

namespace lumbargrade {
namespace {

/// Continuous indices of a patient point within a volume whose slices may be unevenly spaced.
class Sampler {
 public:
  explicit Sampler(const Volume& volume) : volume_(volume) {
    const Vector3 column_step = volume.patient_from_index.linear().col(0);
    const Vector3 row_step = volume.patient_from_index.linear().col(1);
    normal_ = column_step.cross(row_step).normalized();
    per_column_ = column_step / column_step.squaredNorm();
    per_row_ = row_step / row_step.squaredNorm();
    for (int slice = 0; slice < volume.slices; ++slice) {
      corners_.push_back(volume.slice_position_patient(slice));
      heights_mm_.push_back(normal_.dot(corners_.back()));
    }
    step_mm_ = SlicePositions(volume).usual_step_mm();
  }

  float operator()(const Vector3& point_patient) const {
    const double height_mm = normal_.dot(point_patient);
    if (height_mm < heights_mm_.front() - step_mm_ / 2 || height_mm > heights_mm_.back() + step_mm_ / 2)
      return kNothing;
    const auto above = std::upper_bound(heights_mm_.begin(), heights_mm_.end(), height_mm);
    const auto last = static_cast<std::ptrdiff_t>(heights_mm_.size()) - 1;
    const auto upper = std::min<std::ptrdiff_t>(above - heights_mm_.begin(), last);
    const auto lower = std::clamp<std::ptrdiff_t>(above - heights_mm_.begin() - 1, 0, last);
    const float low = in_slice(static_cast<size_t>(lower), point_patient);
    if (upper == lower) return low;
    const double below_mm = heights_mm_[static_cast<size_t>(lower)];
    const double step_mm = heights_mm_[static_cast<size_t>(upper)] - below_mm;
    const double to_nearest_mm = std::min(height_mm - below_mm, below_mm + step_mm - height_mm);
    if (to_nearest_mm > kFarthestBetween * step_mm_) return kNothing;
    const auto weight = static_cast<float>((height_mm - below_mm) / step_mm);
    if (weight <= 0) return low;
    return low + weight * (in_slice(static_cast<size_t>(upper), point_patient) - low);
  }

 private:
  static constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
  static constexpr double kEdge = 1e-6;             // of a pixel: rounding at the outermost ones
  static constexpr double kFarthestBetween = 1.01;  // usual steps: over one missing slice, not over two

  float in_slice(size_t slice, const Vector3& point_patient) const {
    const Vector3 offset = point_patient - corners_[slice];
    double column = per_column_.dot(offset), row = per_row_.dot(offset);
    if (column < -kEdge || row < -kEdge || column > volume_.columns - 1 + kEdge || row > volume_.rows - 1 + kEdge) {
      return kNothing;
    }
    column = std::clamp(column, 0.0, volume_.columns - 1.0);
    row = std::clamp(row, 0.0, volume_.rows - 1.0);
    const int left = std::min(static_cast<int>(column), std::max(0, volume_.columns - 2));
    const int top = std::min(static_cast<int>(row), std::max(0, volume_.rows - 2));
    const int right = std::min(left + 1, volume_.columns - 1), bottom = std::min(top + 1, volume_.rows - 1);
    const auto x = static_cast<float>(column - left), y = static_cast<float>(row - top);
    const float* data = volume_.slice_data(static_cast<int>(slice));
    const auto pixel = [&](int r, int c) {
      return data[static_cast<size_t>(r) * static_cast<size_t>(volume_.columns) + static_cast<size_t>(c)];
    };
    return (1 - y) * ((1 - x) * pixel(top, left) + x * pixel(top, right)) +
           y * ((1 - x) * pixel(bottom, left) + x * pixel(bottom, right));
  }

  const Volume& volume_;
  Vector3 normal_, per_column_, per_row_;
  std::vector<Vector3> corners_;
  std::vector<double> heights_mm_;
  double step_mm_ = 0;
};

}  // namespace

PlaneImage resample(const Volume& volume, const PlaneGrid& grid) {
  const Sampler sample(volume);
  const Affine patient_from_index = grid.plane.patient_from_index();
  PlaneImage image{grid.columns, grid.rows, {}};
  image.pixels.reserve(static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows));
  for (int row = 0; row < grid.rows; ++row) {
    for (int column = 0; column < grid.columns; ++column) {
      image.pixels.push_back(sample(patient_from_index * Vector3(column, row, 0)));
    }
  }
  return image;
}

}  // namespace lumbargrade
