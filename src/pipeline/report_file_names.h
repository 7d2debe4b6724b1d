#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// What is written of a study beside its table.
struct ReportOptions {
  bool page = false;               ///< report.html, overview.png, grades.json
  bool masks = false;              ///< masks.nii.gz, masks.json, points.mrk.json
  std::vector<std::string> dicom;  ///< any of "sr", "sc", "seg"
  bool show_patient = false;       ///< the page names the patient
  std::string prior;               ///< folder of an earlier study, or of its results; empty: none

  bool any() const { return page || masks || !dicom.empty(); }
  /// Whether `dicom` names this kind.
  bool wants(const char* kind) const;
};

inline constexpr const char* kJsonFile = "grades.json";
inline constexpr const char* kOverviewFile = "overview.png";
inline constexpr const char* kMasksFile = "masks.nii.gz";
inline constexpr const char* kMasksTableFile = "masks.json";
inline constexpr const char* kPointsFile = "points.mrk.json";
inline constexpr const char* kStructuredReportFile = "dicom/sr.dcm";
inline constexpr const char* kOverviewCaptureFile = "dicom/sc_overview.dcm";
inline constexpr const char* kSegmentationFile = "dicom/seg.dcm";

/// The picture of a level as DICOM.
std::string capture_file(Level level);

/// Names of the files that `options` may give, relative to the output folder: pictures of single levels are written
/// only for levels that were found.
std::vector<std::string> report_file_names(const ReportOptions& options);

/// All names that any options may give.
std::vector<std::string> every_report_file_name();

/// Takes away those of `names` in `folder` that are not among `written`: what an earlier run left must not stand among
/// the results of this one. Each is told. Throws Error (Failure).
void remove_unwritten(const std::filesystem::path& folder, const std::vector<std::string>& names,
                      const std::vector<std::string>& written);

}  // namespace lumbargrade
