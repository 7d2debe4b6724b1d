#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "report/study_report.h"

namespace lumbargrade {

/// report.html of one study: a single file that needs no network and no script, readable in print, by keyboard and by a
/// screen reader, light and dark. `overview` is the study's overview_picture,
/// `overview_png` the same encoded.
std::string report_page(const StudyReport& report, const cv::Mat& overview, const std::string& overview_png);

}  // namespace lumbargrade
