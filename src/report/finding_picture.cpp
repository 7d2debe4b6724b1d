#include "report/finding_picture.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "report/severity_style.h"
#include "report/slice_picture.h"

namespace lumbargrade {
namespace {

/// Farther from its plane a point is not said to lie on a slice.
constexpr double kFarthestMm = 6;
constexpr int kMarkPx = 12;
const PictureSize kPageSize{{160, 123}, 62};

/// The volume with the slice nearest to the point; null where none comes near enough.
const Volume* nearest_volume(const std::vector<const Volume*>& volumes, const Vector3& point_patient) {
  const Volume* best = nullptr;
  double least_mm = kFarthestMm;
  for (const Volume* volume : volumes) {
    const double distance_mm = distance_to_slice_mm(*volume, nearest_slice_to(*volume, point_patient), point_patient);
    if (distance_mm >= least_mm) continue;
    least_mm = distance_mm;
    best = volume;
  }
  return best;
}

void mark(SlicePicture& picture, const Vector3& point_patient, const cv::Scalar& colour) {
  cv::drawMarker(picture.pixels(), picture.pixel_of(point_patient), colour, cv::MARKER_DIAMOND, kMarkPx, 2,
                 cv::LINE_AA);
}

Vector3 point_of(const Grade& grade, const LevelFrame& frame) {
  if (grade.point_patient) return *grade.point_patient;
  return place_crop(frame, anchor_of(grade.finding.condition), grade.finding.side).point_patient;
}

/// Around the point of a grade, which is marked.
cv::Mat sagittal_picture(const StudyReport& report, const std::vector<const Volume*>& volumes, const Grade& grade,
                         const PictureSize& size) {
  const auto& frame = report.spine.levels[index_of(grade.finding.level)];
  if (!frame) return {};
  const Vector3 point = point_of(grade, *frame);
  const Volume* volume = nearest_volume(volumes, point);
  if (volume == nullptr) return {};
  SlicePicture picture(*volume, nearest_slice_to(*volume, point),
                       sagittal_window(point, size.size_px, size.width_mm / size.size_px.width));
  mark(picture, point, colour_of(grade));
  return picture.pixels();
}

}  // namespace

cv::Scalar colour_of(const Grade& grade) {
  if (grade.source == GradeSource::Prior) return {190, 190, 190};
  return severity_rgb(most_probable(grade.probabilities));
}

cv::Mat foramen_picture(const StudyReport& report, const Grade& grade, const PictureSize& size) {
  std::vector<const Volume*> volumes = volumes_of(report.study, SeriesRole::SagittalT1);
  if (volumes.empty()) volumes = {&report.sagittal};
  return sagittal_picture(report, volumes, grade, size);
}

cv::Mat axial_picture(const StudyReport& report, Level level, const PictureSize& size) {
  const auto& frame = report.spine.levels[index_of(level)];
  if (!frame) return {};
  const Vector3 centre = frame->canal_patient.value_or(frame->centre_patient);
  const Volume* volume = nearest_volume(volumes_of(report.study, SeriesRole::AxialT2), centre);
  if (volume == nullptr) return {};
  SlicePicture picture(*volume, nearest_slice_to(*volume, centre),
                       axial_window(centre, size.size_px, size.width_mm / size.size_px.width));
  for (const Side side : {Side::Left, Side::Right}) {
    const Grade& grade = row_of(report.grades, {Condition::SubarticularStenosis, side, level});
    mark(picture, point_of(grade, *frame), colour_of(grade));
  }
  return picture.pixels();
}

cv::Mat canal_picture(const StudyReport& report, Level level, const PictureSize& size) {
  const Grade& grade = row_of(report.grades, {Condition::SpinalCanalStenosis, std::nullopt, level});
  return sagittal_picture(report, {&report.sagittal}, grade, size);
}

cv::Mat finding_picture(const StudyReport& report, const Grade& grade) {
  if (grade.finding.condition == Condition::NeuralForaminalNarrowing) return foramen_picture(report, grade, kPageSize);
  if (grade.finding.condition == Condition::SubarticularStenosis) {
    cv::Mat axial = axial_picture(report, grade.finding.level, {kPageSize.size_px, 74});
    if (!axial.empty()) return axial;
  }
  return sagittal_picture(report, {&report.sagittal}, grade, kPageSize);
}

}  // namespace lumbargrade
