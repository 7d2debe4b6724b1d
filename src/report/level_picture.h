#pragma once

#include <opencv2/core.hpp>

#include "report/study_report.h"

namespace lumbargrade {

/// One level large, 832 x 700 pixels (CV_8UC3, RGB): the sagittal image around the canal, the axial image with both
/// recesses, the right and the left foramen, each with its grade. Empty where the level was not found.
cv::Mat level_picture(const StudyReport& report, Level level);

}  // namespace lumbargrade
