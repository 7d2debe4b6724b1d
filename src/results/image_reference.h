#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/study_report.h"

namespace lumbargrade::results {

/// A point on an image of the source.
struct ImagePoint {
  std::string series_instance_uid;
  SliceSource image;
  double column = 0;  ///< PS3.3 C.18.6: 0 is the left edge of the first pixel, its centre .5
  double row = 0;
};

/// The SOP class of an image; MR Image Storage where its file does not tell.
std::string sop_class_of(const SliceSource& image);

/// Where the graded point of a row lies: on the row's own image, or, where the row names only its series, on that
/// slice of it which is nearest. Nothing for rows without a point.
std::optional<ImagePoint> point_on_image(const StudyReport& report, const Grade& grade);

}  // namespace lumbargrade::results
