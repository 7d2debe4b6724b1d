#pragma once

#include <string>

#include "report/study_report.h"

namespace lumbargrade {

/// Version of the layout of grades.json; it grows when a key changes its meaning or goes.
inline constexpr int kGradesJsonVersion = 1;

/// Everything about one study as JSON with a line feed at the end (docs/outputs.md has every key): origin, series,
/// levels with points and measures, 25 grades with probabilities, measures, points (LPS, mm), images and flags,
/// warnings.
std::string grades_json(const StudyReport& report);

/// One study as one row: study_id and, for every finding in the order of the challenge's 25 columns, the probabilities
/// of moderate and severe and the grade. With the header line.
std::string grades_wide_csv(const std::string& study_id, const StudyGrades& grades);

}  // namespace lumbargrade
