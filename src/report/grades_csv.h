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
inline constexpr int kGradesCsvFormat = 3;

/// What a row says of its study.
struct StudyIds {
  std::string study_id;
  std::string study_instance_uid;
};

/// The columns of grades.csv, in order: study_id, study_instance_uid, condition, side, level, normal_mild, moderate,
/// severe, grade, source, decided_by, level_confidence, series_instance_uid, sop_instance_uid, x_mm, y_mm, z_mm, every
/// measure (core/measure.h) followed by its z-score (the measure's name and "_z"), flags, point_source,
/// point_confidence.
const std::vector<std::string>& grades_csv_columns();

/// The 25 rows of one study without the header, in the order of all_findings(). Probabilities have six decimals and sum
/// to 1 as printed; empty fields stand for what was not measured. Flags are words parted by blanks; the first is always
/// `research_use_only`, so that a row still says it when it is copied elsewhere.
std::string grades_csv_rows(const StudyIds& study, const StudyGrades& grades);

/// Header and rows.
std::string grades_csv(const StudyIds& study, const StudyGrades& grades);

}  // namespace lumbargrade
