#pragma once

#include <string>
#include <vector>

#include "grades/grade.h"

namespace lumbargrade {

/// Every output carries it.
inline constexpr const char* kNotice = "research use only, not for clinical use";

/// Raised whenever a column is added, renamed or means something else: a batch that was begun with another format is
/// not continued, since its table would hold two. tests/report/grades_csv_test.cpp holds the columns of the present
/// one.
inline constexpr int kGradesCsvFormat = 1;

/// The columns of grades.csv, in order: study_id, condition, side, level, normal_mild, moderate, severe, grade, source,
/// level_confidence, series_instance_uid, sop_instance_uid, x_mm, y_mm, z_mm, measure_mm, measure_ratio, flags.
const std::vector<std::string>& grades_csv_columns();

/// The 25 rows of one study without the header, in the order of all_findings(). Probabilities have six decimals and sum
/// to 1 as printed; empty fields stand for what was not measured. Flags are words parted by blanks; the first is always
/// `research_use_only`, so that a row still says it when it is copied elsewhere.
std::string grades_csv_rows(const std::string& study_id, const StudyGrades& grades);

/// Header and rows.
std::string grades_csv(const std::string& study_id, const StudyGrades& grades);

}  // namespace lumbargrade
