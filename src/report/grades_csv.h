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

/// The columns of grades.csv, in order: study_id, study_instance_uid, condition, side, level, normal_mild, moderate,
/// severe, grade, source, decided_by, level_confidence, series_instance_uid, sop_instance_uid, x_mm, y_mm, z_mm, every
/// measure (core/measure.h) followed by its z-score (the measure's name and "_z"), flags, point_source,
/// point_confidence.
const std::vector<std::string>& grades_csv_columns();

/// The flags of a row: words parted by blanks; the first is always `research_use_only`, so that a row still says it
/// when it is copied elsewhere.
std::string joined_flags(const Grade& grade);

/// The header and the 25 rows of one study, in the order of all_findings(). Probabilities have six decimals and sum to
/// 1 as printed; empty fields stand for what was not measured.
std::string grades_csv(const std::string& study_id, const std::string& study_instance_uid, const StudyGrades& grades);

/// What the networks looked at, as CSV with the header study_id, condition, side, level, view, series_instance_uid,
/// sop_instance_uid, weight: one row per finding that a network graded, view and image. Weights have six decimals and
/// sum to 1 over a view (docs/bundle.md, "Attention").
std::string attention_csv(const std::string& study_id, const StudyGrades& grades);

}  // namespace lumbargrade
