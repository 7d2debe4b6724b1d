#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.h"
#include "grades/grade.h"
#include "report/measure_list.h"

namespace lumbargrade {

/// What an earlier examination of the same patient says of one finding.
struct PriorFinding {
  Severity grade = Severity::NormalMild;
  bool was_looked_at = false;              ///< false: its row was a prior
  std::map<std::string, double> measures;  ///< by key, as in grades.json
};

/// The grades of an earlier study, to compare with.
struct PriorStudy {
  std::string study_id;
  std::string study_instance_uid;
  std::string created_utc;
  std::array<PriorFinding, kFindingCount> findings;  ///< in the order of all_findings()
};

/// Reads a grades.json. Throws Error (Usage) naming `file` where it is none of this program's.
PriorStudy prior_study_from_json(std::string_view json, const std::string& file);

/// A measure now and its value then.
struct MeasureChange {
  ReportedMeasure now;
  double before = 0;
};

/// One finding then and now.
struct FindingChange {
  Finding finding;
  Severity before = Severity::NormalMild;
  Severity now = Severity::NormalMild;
  bool is_comparable = false;  ///< in both studies something was looked at
  std::vector<MeasureChange> measures;

  int steps_worse() const { return static_cast<int>(now) - static_cast<int>(before); }
};

/// All 25, in the order of the rows.
std::vector<FindingChange> changes_since(const PriorStudy& prior, const StudyGrades& grades);

}  // namespace lumbargrade
