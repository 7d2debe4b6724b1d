#pragma once

#include <opencv2/core.hpp>

#include "report/study_report.h"

namespace lumbargrade {

/// Size and field of view of a finding's picture.
struct PictureSize {
  cv::Size size_px;
  double width_mm = 0;
};

/// The colour of a grade in pictures; grey for a prior.
cv::Scalar colour_of(const Grade& grade);

/// The image around a foramen, its point marked: sagittal T1, or the graded sagittal series where there is no T1. Empty
/// where the level was not found or no slice comes within 6 mm of the point.
cv::Mat foramen_picture(const StudyReport& report, const Grade& grade, const PictureSize& size);

/// The axial T2 image nearest to the canal at a level, both recesses marked. Empty likewise.
cv::Mat axial_picture(const StudyReport& report, Level level, const PictureSize& size);

/// The sagittal image around the canal at a level, its point marked. Empty likewise.
cv::Mat canal_picture(const StudyReport& report, Level level, const PictureSize& size);

/// The picture for one row: canal on the graded sagittal series, foramen as above, recess on the axial image, else on
/// the sagittal one.
cv::Mat finding_picture(const StudyReport& report, const Grade& grade);

}  // namespace lumbargrade
