#pragma once

#include <Eigen/Geometry>

namespace lumbargrade {

/// Points and directions are in DICOM's patient space: LPS, millimetres. +x is the patient's left, +y posterior,
/// +z towards the head. Transforms read `target_from_source`.
using Vector3 = Eigen::Vector3d;
using Affine = Eigen::Affine3d;

/// Geometry of one image plane (PS3.3 C.7.6.2.1.1). `position_patient` is the centre of the first pixel.
struct ImagePlane {
  Vector3 position_patient = Vector3::Zero();
  Vector3 row_direction = Vector3::UnitX();     ///< along a row: the direction in which the column index grows
  Vector3 column_direction = Vector3::UnitY();  ///< along a column: the direction in which the row index grows
  double row_spacing_mm = 0;                    ///< between rows: first value of PixelSpacing
  double column_spacing_mm = 0;                 ///< between columns: second value of PixelSpacing

  Vector3 normal() const { return row_direction.cross(column_direction); }

  /// Maps (column, row, 0) to patient space.
  Affine patient_from_index() const;
};

/// True when the directions are finite, of unit length and orthogonal within `tolerance`.
bool is_orthonormal(const Vector3& row_direction, const Vector3& column_direction, double tolerance = 1e-3);

/// The distance of two points along a plane with this unit normal, in mm.
double distance_in_plane(const Vector3& a, const Vector3& b, const Vector3& normal);

/// Lengths of the three columns of the linear part: spacing along column, row and slice index, in mm.
Vector3 spacing_mm(const Affine& patient_from_index);

}  // namespace lumbargrade
