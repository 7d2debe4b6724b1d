#include "volume/slice_sampler.h"

namespace lumbargrade {

Eigen::Vector2d pixel_of(const Volume& volume, int slice, const Vector3& point_patient) {
  const Vector3 column_step = volume.patient_from_index.linear().col(0);
  const Vector3 row_step = volume.patient_from_index.linear().col(1);
  const Vector3 offset = point_patient - volume.slice_position_patient(slice);
  return {offset.dot(column_step) / column_step.squaredNorm(), offset.dot(row_step) / row_step.squaredNorm()};
}

}  // namespace lumbargrade
