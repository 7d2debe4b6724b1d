#include "volume/grid.h"

#include <cmath>

namespace lumbargrade {

Affine ImagePlane::patient_from_index() const {
  Affine patient_from_index = Affine::Identity();
  patient_from_index.linear().col(0) = row_direction * column_spacing_mm;
  patient_from_index.linear().col(1) = column_direction * row_spacing_mm;
  patient_from_index.linear().col(2) = normal();
  patient_from_index.translation() = position_patient;
  return patient_from_index;
}

bool is_orthonormal(const Vector3& row_direction, const Vector3& column_direction, double tolerance) {
  return row_direction.allFinite() && column_direction.allFinite() && std::abs(row_direction.norm() - 1) <= tolerance &&
         std::abs(column_direction.norm() - 1) <= tolerance &&
         std::abs(row_direction.dot(column_direction)) <= tolerance;
}

double distance_in_plane(const Vector3& a, const Vector3& b, const Vector3& normal) {
  const Vector3 offset = a - b;
  return (offset - offset.dot(normal) * normal).norm();
}

Vector3 spacing_mm(const Affine& patient_from_index) {
  return patient_from_index.linear().colwise().norm();
}

}  // namespace lumbargrade
