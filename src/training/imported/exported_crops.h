#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "core/finding.h"
#include "grades/grading.h"

namespace lumbargrade {

/// What `crops --export` writes for those who train elsewhere, and `bundle import` reads again: docs/pytorch.md. What a
/// version means never changes.
inline constexpr int kExportedCropsVersion = 2;
/// Of exports without networks of several conditions.
inline constexpr int kFirstExportedCropsVersion = 1;
inline constexpr const char* kExportedCropsFile = "crops.json";
inline constexpr const char* kExportedCropsFormat = "lumbargrade crops";
inline constexpr const char* kExportedFindingsFile = "findings.csv";
inline constexpr const char* kExportedRegionsFile = "regions.csv";  ///< of a network of several conditions

/// The grades as columns of its tables and classes of networks are called.
inline const std::vector<std::string> kGradeNames = {"normal_mild", "moderate", "severe"};

/// One row of findings.csv.
struct ExportedFinding {
  std::string study_id;
  size_t finding = 0;  ///< index into all_findings()
  std::optional<Severity> label;
  int fold = 0;
  std::optional<MeasuredGrade> measured;  ///< what the base bundle's measure says of it

  std::string row_id() const { return study_id + "_" + finding_key(all_findings()[finding]); }
};

/// One network's crops.
struct ExportedEntry {
  std::string folder;  ///< its name in the export
  Condition condition{};
  std::vector<InputSpec> inputs;
  std::vector<ExportedFinding> findings;
};

/// Reads crops.json and the tables of findings, for networks of one condition: others cannot be imported and are passed
/// over. Error (Usage) that names file and place for another format or version,
/// a missing or senseless value, a finding of another condition or one that is there twice.
std::vector<ExportedEntry> read_exported_crops(const std::filesystem::path& folder);

}  // namespace lumbargrade
