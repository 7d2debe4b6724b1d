#include "volume/slice_positions.h"

#include <algorithm>
#include <cmath>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

std::vector<Vector3> positions_of(const Volume& volume) {
  std::vector<Vector3> positions;
  for (int slice = 0; slice < volume.slices; ++slice) positions.push_back(volume.slice_position_patient(slice));
  return positions;
}

Vector3 normal_of(const Volume& volume) {
  const auto& linear = volume.patient_from_index.linear();
  const Vector3 normal = Vector3(linear.col(0)).cross(Vector3(linear.col(1))).normalized();
  return normal.dot(linear.col(2)) >= 0 ? normal : Vector3(-normal);
}

double step_mm_of(const Volume& volume) {
  return std::abs(normal_of(volume).dot(volume.patient_from_index.linear().col(2)));
}

}  // namespace

Vector3 usual_step(const std::vector<Vector3>& positions_patient, const Vector3& normal) {
  std::vector<double> steps_mm;
  for (size_t k = 1; k < positions_patient.size(); ++k) {
    steps_mm.push_back(std::abs(normal.dot(positions_patient[k] - positions_patient[k - 1])));
  }
  const double longest_mm = kSliceMissing * median_of(steps_mm);
  Vector3 sum = Vector3::Zero();
  int counted = 0;
  for (size_t k = 1; k < positions_patient.size(); ++k) {
    if (steps_mm[k - 1] > longest_mm) continue;
    sum += positions_patient[k] - positions_patient[k - 1];
    ++counted;
  }
  if (counted < static_cast<int>(steps_mm.size()) && counted > 0) return sum / counted;
  return (positions_patient.back() - positions_patient.front()) / static_cast<double>(steps_mm.size());
}

SlicePositions::SlicePositions(const std::vector<Vector3>& positions_patient, const Vector3& normal,
                               double usual_step_mm)
    : normal_(normal), usual_step_mm_(usual_step_mm) {
  if (!positions_patient.empty() && normal.dot(positions_patient.back() - positions_patient.front()) < 0) {
    normal_ = -normal;
  }
  for (const Vector3& position : positions_patient) heights_mm_.push_back(normal_.dot(position));
  if (positions_patient.size() > 1) usual_step_mm_ = std::abs(normal_.dot(usual_step(positions_patient, normal_)));
}

SlicePositions::SlicePositions(const Volume& volume)
    : SlicePositions(positions_of(volume), normal_of(volume), step_mm_of(volume)) {}

double SlicePositions::height_of(double slice) const {
  if (heights_mm_.empty()) return 0;
  const double last = count() - 1;
  const double inside = std::clamp(slice, 0.0, last);
  const auto below = static_cast<size_t>(inside);
  const size_t above = std::min(below + 1, heights_mm_.size() - 1);
  const double between = inside - static_cast<double>(below);
  return heights_mm_[below] + between * (heights_mm_[above] - heights_mm_[below]) + (slice - inside) * usual_step_mm_;
}

double SlicePositions::slice_at(double height_mm) const {
  if (heights_mm_.empty()) return 0;
  const auto beyond = [&](double from_mm) { return usual_step_mm_ > 0 ? (height_mm - from_mm) / usual_step_mm_ : 0; };
  if (height_mm <= heights_mm_.front()) return beyond(heights_mm_.front());
  if (height_mm >= heights_mm_.back()) return count() - 1 + beyond(heights_mm_.back());
  const auto above = std::upper_bound(heights_mm_.begin(), heights_mm_.end(), height_mm);
  const double low_mm = *(above - 1);
  return static_cast<double>(above - 1 - heights_mm_.begin()) + (height_mm - low_mm) / (*above - low_mm);
}

int SlicePositions::nearest(double height_mm) const {
  const auto nearest = std::min_element(heights_mm_.begin(), heights_mm_.end(), [&](double a, double b) {
    return std::abs(a - height_mm) < std::abs(b - height_mm);
  });
  return static_cast<int>(nearest - heights_mm_.begin());
}

double SlicePositions::distance_mm(double slice, double other) const {
  return std::abs(height_of(slice) - height_of(other));
}

double SlicePositions::share_mm(int slice) const {
  const auto half_way = [&](int neighbour) {
    if (neighbour < 0 || neighbour >= count()) return usual_step_mm_ / 2;
    const double step_mm = distance_mm(slice, neighbour);
    return step_mm > kSliceMissing * usual_step_mm_ ? usual_step_mm_ / 2 : step_mm / 2;
  };
  return half_way(slice - 1) + half_way(slice + 1);
}

std::vector<SliceGap> SlicePositions::gaps() const {
  std::vector<SliceGap> gaps;
  for (size_t k = 1; k < heights_mm_.size(); ++k) {
    const SliceGap gap = {heights_mm_[k - 1], heights_mm_[k]};
    if (gap.length_mm() > kSliceMissing * usual_step_mm_) gaps.push_back(gap);
  }
  return gaps;
}

}  // namespace lumbargrade
