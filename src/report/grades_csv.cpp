#include "report/grades_csv.h"

#include "core/csv.h"
#include "core/flags.h"
#include "report/number_text.h"
#include "report/probability_text.h"

namespace lumbargrade {
namespace {

std::string six_decimals_or_empty(const std::optional<double>& value) {
  return value ? six_decimals(*value) : "";
}

std::string joined_flags(const std::vector<std::string>& words) {
  std::string joined(flags::kResearchUseOnly.word);
  for (const std::string& flag : words) joined += " " + flag;
  return joined;
}

std::vector<std::string> fields_of(const std::string& study_id, const Grade& grade) {
  const auto probabilities = printed_probabilities(grade.probabilities);
  const auto& point = grade.point_patient;
  const auto coordinate = [&](int axis) { return point ? six_decimals((*point)[axis]) : std::string(); };
  return {study_id,
          std::string(condition_key(grade.finding.condition)),
          grade.finding.side ? std::string(side_name(*grade.finding.side)) : "",
          std::string(level_name(grade.finding.level)),
          probabilities[0],
          probabilities[1],
          probabilities[2],
          std::string(severity_key(most_probable(grade.probabilities))),
          std::string(source_name(grade.source)),
          six_decimals(grade.level_confidence),
          grade.series_instance_uid,
          grade.sop_instance_uid,
          coordinate(0),
          coordinate(1),
          coordinate(2),
          six_decimals_or_empty(grade.measure_mm),
          six_decimals_or_empty(grade.measure_ratio),
          joined_flags(grade.flags)};
}

}  // namespace

const std::vector<std::string>& grades_csv_columns() {
  static const std::vector<std::string> columns = {"study_id",
                                                   "condition",
                                                   "side",
                                                   "level",
                                                   "normal_mild",
                                                   "moderate",
                                                   "severe",
                                                   "grade",
                                                   "source",
                                                   "level_confidence",
                                                   "series_instance_uid",
                                                   "sop_instance_uid",
                                                   "x_mm",
                                                   "y_mm",
                                                   "z_mm",
                                                   "measure_mm",
                                                   "measure_ratio",
                                                   "flags"};
  return columns;
}

std::string grades_csv_rows(const std::string& study_id, const StudyGrades& grades) {
  std::string rows;
  for (const Grade& grade : grades) rows += csv_line(fields_of(study_id, grade));
  return rows;
}

std::string grades_csv(const std::string& study_id, const StudyGrades& grades) {
  return csv_line(grades_csv_columns()) + grades_csv_rows(study_id, grades);
}

}  // namespace lumbargrade
