#pragma once

#include "volume/grid.h"

namespace lumbargrade {

/// The distance of two points along a plane with this unit normal, in mm.
inline double distance_in_plane(const Vector3& a, const Vector3& b, const Vector3& normal) {
  const Vector3 offset = a - b;
  return (offset - offset.dot(normal) * normal).norm();
}

}  // namespace lumbargrade
