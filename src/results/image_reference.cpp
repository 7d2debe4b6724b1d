#include "results/image_reference.h"

#include <algorithm>

#include "report/slice_picture.h"

namespace lumbargrade::results {
namespace {

ImagePoint point_on_slice(const Volume& volume, int slice, const Vector3& point_patient) {
  const SliceSource& source = volume.sources[static_cast<size_t>(slice)];
  const auto& axes = volume.patient_from_index.linear();
  const Vector3 offset = point_patient - source.position_patient;
  const auto along = [&](int axis) { return offset.dot(axes.col(axis)) / axes.col(axis).squaredNorm() + 0.5; };
  return {volume.series_instance_uid, source, along(0), along(1)};
}

/// The slice with this instance that lies nearest to the point: multi-frame instances have several.
std::optional<int> slice_of_instance(const Volume& volume, const std::string& uid, const Vector3& point_patient) {
  std::optional<int> nearest;
  double least_mm = 0;
  for (int slice = 0; slice < volume.slices; ++slice) {
    if (volume.sources[static_cast<size_t>(slice)].sop_instance_uid != uid) continue;
    const double distance_mm = distance_to_slice_mm(volume, slice, point_patient);
    if (!nearest || distance_mm < least_mm) nearest = slice, least_mm = distance_mm;
  }
  return nearest;
}

}  // namespace

std::string sop_class_of(const SliceSource& image) {
  return image.sop_class_uid.empty() ? "1.2.840.10008.5.1.4.1.1.4" : image.sop_class_uid;
}

std::optional<ImagePoint> point_on_image(const StudyReport& report, const Grade& grade) {
  if (!grade.point_patient) return std::nullopt;
  const Vector3& point = *grade.point_patient;
  const Volume* nearest = nullptr;
  double least_mm = 0;
  for (const SeriesRole role : {SeriesRole::SagittalT2, SeriesRole::SagittalT1, SeriesRole::AxialT2}) {
    for (const Volume* volume : volumes_of(report.study, role)) {
      if (volume->series_instance_uid != grade.series_instance_uid || volume->sources.empty()) continue;
      if (const auto slice = slice_of_instance(*volume, grade.sop_instance_uid, point)) {
        return point_on_slice(*volume, *slice, point);
      }
      const double distance_mm = distance_to_slice_mm(*volume, nearest_slice_to(*volume, point), point);
      if (nearest == nullptr || distance_mm < least_mm) nearest = volume, least_mm = distance_mm;
    }
  }
  if (nearest == nullptr) return std::nullopt;
  return point_on_slice(*nearest, nearest_slice_to(*nearest, point), point);
}

}  // namespace lumbargrade::results
