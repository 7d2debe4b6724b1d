#include "report/grades_csv.h"

#include <string_view>

#include "core/csv.h"
#include "core/flags.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "report/probability_text.h"

namespace lumbargrade {
namespace {

std::string decided_by(const Grade& grade) {
  std::vector<std::string_view> names;
  for (const Measure measure : grade.decided_by) names.push_back(measure_name(measure));
  return joined(names, " ");
}

/// Two fields for every measure: the value and its z-score.
std::vector<std::string> measure_fields(const Grade& grade) {
  std::vector<std::string> fields;
  for (const Measure measure : kMeasures) {
    const auto& measured = grade.measured[measure];
    fields.push_back(measured ? fixed_decimals(measured->value, kTableDecimals) : "");
    fields.push_back(measured && measured->z ? fixed_decimals(*measured->z, kTableDecimals) : "");
  }
  return fields;
}

std::string side_field(const Finding& finding) {
  return finding.side ? std::string(side_name(*finding.side)) : "";
}

std::vector<std::string> fields_of(const std::string& study_id, const std::string& study_instance_uid,
                                   const Grade& grade) {
  const auto probabilities = printed_probabilities(grade.probabilities);
  const auto& point = grade.point_patient;
  const auto coordinate = [&](int axis) {
    return point ? fixed_decimals((*point)[axis], kTableDecimals) : std::string();
  };
  std::vector<std::string> fields = {study_id,
                                     study_instance_uid,
                                     std::string(condition_key(grade.finding.condition)),
                                     side_field(grade.finding),
                                     std::string(level_name(grade.finding.level)),
                                     probabilities[0],
                                     probabilities[1],
                                     probabilities[2],
                                     std::string(severity_key(most_probable(grade.probabilities))),
                                     std::string(source_name(grade.source)),
                                     decided_by(grade),
                                     fixed_decimals(grade.level_confidence, kTableDecimals),
                                     grade.series_instance_uid,
                                     grade.sop_instance_uid,
                                     coordinate(0),
                                     coordinate(1),
                                     coordinate(2)};
  for (std::string& field : measure_fields(grade)) fields.push_back(std::move(field));
  fields.push_back(joined_flags(grade));
  const auto& [source, confidence] = grade.point_origin;
  fields.push_back(point ? std::string(point_source_name(source)) : "");
  fields.push_back(point && confidence ? fixed_decimals(*confidence, kTableDecimals) : "");
  return fields;
}

std::vector<std::string> all_columns() {
  std::vector<std::string> columns = {"study_id",
                                      "study_instance_uid",
                                      "condition",
                                      "side",
                                      "level",
                                      "normal_mild",
                                      "moderate",
                                      "severe",
                                      "grade",
                                      "source",
                                      "decided_by",
                                      "level_confidence",
                                      "series_instance_uid",
                                      "sop_instance_uid",
                                      "x_mm",
                                      "y_mm",
                                      "z_mm"};
  for (const Measure measure : kMeasures) {
    columns.emplace_back(measure_name(measure));
    columns.push_back(std::string(measure_name(measure)) + "_z");
  }
  for (const char* last : {"flags", "point_source", "point_confidence"}) columns.emplace_back(last);
  return columns;
}

}  // namespace

const std::vector<std::string>& grades_csv_columns() {
  static const std::vector<std::string> columns = all_columns();
  return columns;
}

std::string joined_flags(const Grade& grade) {
  std::string words(flags::kResearchUseOnly.word);
  for (const std::string& flag : grade.flags) words += " " + flag;
  return words;
}

std::string grades_csv(const std::string& study_id, const std::string& study_instance_uid, const StudyGrades& grades) {
  std::string content = csv_line(grades_csv_columns());
  for (const Grade& grade : grades) content += csv_line(fields_of(study_id, study_instance_uid, grade));
  return content;
}

std::string attention_csv(const std::string& study_id, const StudyGrades& grades) {
  std::string content =
      csv_line({"study_id", "condition", "side", "level", "view", "series_instance_uid", "sop_instance_uid", "weight"});
  for (const Grade& grade : grades) {
    const Finding& finding = grade.finding;
    for (const ImageAttention& image : grade.attention) {
      content += csv_line({study_id, std::string(condition_key(finding.condition)), side_field(finding),
                           std::string(level_name(finding.level)), image.view, image.series_instance_uid,
                           image.sop_instance_uid, fixed_decimals(image.weight, kTableDecimals)});
    }
  }
  return content;
}

}  // namespace lumbargrade
