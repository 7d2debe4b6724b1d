#include "pipeline/report_file_names.h"

#include <algorithm>

#include "core/error.h"
#include "core/log.h"
#include "report/index_page.h"

namespace lumbargrade {

namespace fs = std::filesystem;

bool ReportOptions::wants(const char* kind) const {
  return std::find(dicom.begin(), dicom.end(), kind) != dicom.end();
}

std::string capture_file(Level level) {
  return text("dicom/sc_", level_key(level), ".dcm");
}

std::vector<std::string> report_file_names(const ReportOptions& options) {
  std::vector<std::string> names;
  if (options.page) names.insert(names.end(), {kJsonFile, kOverviewFile, kStudyPageFile});
  if (options.masks) names.insert(names.end(), {kMasksFile, kMasksTableFile, kPointsFile});
  if (options.wants("sr")) names.emplace_back(kStructuredReportFile);
  if (options.wants("sc")) {
    names.emplace_back(kOverviewCaptureFile);
    for (const Level level : kLevels) names.push_back(capture_file(level));
  }
  if (options.wants("seg")) names.emplace_back(kSegmentationFile);
  return names;
}

std::vector<std::string> every_report_file_name() {
  return report_file_names({true, true, {"sr", "sc", "seg"}, false, ""});
}

void remove_unwritten(const fs::path& folder, const std::vector<std::string>& names,
                      const std::vector<std::string>& written) {
  for (const std::string& name : names) {
    if (std::find(written.begin(), written.end(), name) != written.end()) continue;
    const fs::path file = folder / name;
    std::error_code problem;
    if (fs::remove(file, problem)) log_info(text("removed ", file.string(), " of an earlier run"));
    if (problem) throw Error(ErrorKind::Failure, text("cannot remove ", file.string(), ": ", problem.message()));
  }
}

}  // namespace lumbargrade
