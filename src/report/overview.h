#pragma once

#include <opencv2/core.hpp>

#include "report/study_report.h"

namespace lumbargrade {

/// A study at one look, about 1,000 pixels wide (CV_8UC3, RGB): the central sagittal slice with every disc named, the
/// measured canal as a circle of its diameter; beside it, a row a level, the right foramen, the axial image with both
/// recesses, the left foramen; below, report_notes(). Colours and words are those of the grades; brackets mean a prior.
/// Characters outside ASCII are drawn as '?'.
cv::Mat overview_picture(const StudyReport& report);

/// The overview's sagittal image, 144 pixels wide: what an index shows of a study.
cv::Mat thumbnail_picture(const StudyReport& report);

}  // namespace lumbargrade
