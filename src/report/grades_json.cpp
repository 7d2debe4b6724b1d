#include "report/grades_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "core/flags.h"
#include "core/statistics.h"
#include "crops/crop.h"
#include "report/grades_csv.h"
#include "report/probability_text.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::ordered_json;

/// To a thousandth: what is measured is not known better, and the file stays readable. Null where it is not a number.
Json rounded(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return to_thousandths(*value);
}

Json point(const std::optional<Vector3>& patient) {
  if (!patient) return nullptr;
  return {rounded(patient->x()), rounded(patient->y()), rounded(patient->z())};
}

Json side_or_null(const std::optional<Side>& side) {
  return side ? Json(side_name(*side)) : Json(nullptr);
}

Json text_or_null(const std::string& words) {
  return words.empty() ? Json(nullptr) : Json(words);
}

/// What crops of a level are centred on.
Json points_json(const LevelFrame& frame) {
  Json points = Json::array();
  const auto add = [&](Anchor anchor, std::optional<Side> side) {
    const CropPlacement placement = place_crop(frame, anchor, side);
    points.push_back({{"anchor", anchor_name(anchor)},
                      {"side", side_or_null(side)},
                      {"point_mm", point(placement.point_patient)},
                      {"source", point_source_name(placement.origin.source)},
                      {"confidence", rounded(placement.origin.confidence)}});
  };
  add(Anchor::Canal, std::nullopt);
  for (const Anchor anchor : {Anchor::Foramen, Anchor::Recess}) {
    for (const Side side : {Side::Left, Side::Right}) add(anchor, side);
  }
  return points;
}

Json level_json(const Spine& spine, Level level) {
  const auto& frame = spine.levels[index_of(level)];
  Json json = {{"level", level_name(level)}, {"found", frame.has_value()}};
  if (!frame) return json;
  json["confidence"] = rounded(frame->confidence);
  json["disc_centre_mm"] = point(frame->centre_patient);
  json["canal_mm"] = point(frame->canal_patient);
  json["up"] = point(frame->up);
  json["posterior"] = point(frame->posterior);
  json["left"] = point(frame->left);
  json["disc_depth_mm"] = rounded(frame->depth_mm);
  json["disc_height_mm"] = rounded(frame->height_mm);
  json["points"] = points_json(*frame);
  return json;
}

Json spine_json(const Spine& spine) {
  Json levels = Json::array(), vertebrae = Json::array(), canal = Json::array();
  for (const Level level : kLevels) levels.push_back(level_json(spine, level));
  for (size_t k = 0; k < spine.vertebra_centres_patient.size(); ++k) {
    vertebrae.push_back({{"vertebra", text("L", k + 1)}, {"centre_mm", point(spine.vertebra_centres_patient[k])}});
  }
  for (const Vector3& on_line : spine.canal_line_patient) canal.push_back(point(on_line));
  return {{"series_instance_uid", text_or_null(spine.series_instance_uid)},
          {"levels", levels},
          {"vertebrae", vertebrae},
          {"canal_line_mm", canal}};
}

Json measures_json(const Grade& grade) {
  Json measures = Json::array();
  for (const ReportedMeasure& measure : measures_of(grade)) {
    measures.push_back({{"key", measure.key},
                        {"meaning", measure.words},
                        {"value", rounded(measure.value)},
                        {"unit", text_or_null(measure.unit)},
                        {"z", rounded(measure.z)},
                        {"decided", measure.decided}});
  }
  return measures;
}

Json change_json(const FindingChange& change) {
  Json measures = Json::array();
  for (const MeasureChange& measure : change.measures) {
    measures.push_back({{"key", measure.now.key},
                        {"unit", text_or_null(measure.now.unit)},
                        {"before", rounded(measure.before)},
                        {"now", rounded(measure.now.value)},
                        {"difference", rounded(measure.now.value - measure.before)}});
  }
  return {{"finding", finding_key(change.finding)},
          {"grade_before", severity_key(change.before)},
          {"grade_now", severity_key(change.now)},
          {"comparable", change.is_comparable},
          {"steps_worse", change.is_comparable ? Json(change.steps_worse()) : Json(nullptr)},
          {"measures", measures}};
}

Json prior_json(const StudyReport& report) {
  if (!report.prior) return nullptr;
  Json changes = Json::array();
  for (const FindingChange& change : changes_since(*report.prior, report.grades))
    changes.push_back(change_json(change));
  return {{"study_id", report.prior->study_id},
          {"study_instance_uid", text_or_null(report.prior->study_instance_uid)},
          {"created_utc", text_or_null(report.prior->created_utc)},
          {"changes", changes}};
}

Json probabilities_json(const Probabilities& probabilities) {
  const auto printed = printed_probabilities(probabilities);
  return {
      {"normal_mild", std::stod(printed[0])}, {"moderate", std::stod(printed[1])}, {"severe", std::stod(printed[2])}};
}

Json contributions_json(const Grade& grade) {
  Json parts = Json::array();
  for (const Contribution& part : grade.contributions) {
    parts.push_back({{"source", source_name(part.source)},
                     {"share", rounded(part.share)},
                     {"probabilities", probabilities_json(part.probabilities)}});
  }
  return parts;
}

Json grade_json(const Grade& grade) {
  Json flags = Json::array({flags::kResearchUseOnly.word});
  for (const std::string& flag : grade.flags) flags.push_back(flag);
  Json decided_by = Json::array();
  for (const Measure measure : grade.decided_by) decided_by.push_back(measure_name(measure));
  return {{"finding", finding_key(grade.finding)},
          {"condition", condition_key(grade.finding.condition)},
          {"side", side_or_null(grade.finding.side)},
          {"level", level_name(grade.finding.level)},
          {"probabilities", probabilities_json(grade.probabilities)},
          {"grade", severity_key(most_probable(grade.probabilities))},
          {"source", source_name(grade.source)},
          {"contributions", contributions_json(grade)},
          {"level_confidence", rounded(grade.level_confidence)},
          {"series_instance_uid", text_or_null(grade.series_instance_uid)},
          {"sop_instance_uid", text_or_null(grade.sop_instance_uid)},
          {"point_mm", point(grade.point_patient)},
          {"point_source", grade.point_patient ? Json(point_source_name(grade.point_origin.source)) : Json(nullptr)},
          {"point_confidence", grade.point_patient ? rounded(grade.point_origin.confidence) : Json(nullptr)},
          {"measures", measures_json(grade)},
          {"decided_by", decided_by},
          {"flags", flags}};
}

Json series_json(const SeriesSummary& series) {
  return {{"series_instance_uid", text_or_null(series.series_instance_uid)},
          {"name", series.name},
          {"description", series.description},
          {"orientation", series.orientation},
          {"role", role_name(series.role)},
          {"used", series.used},
          {"files", series.files},
          {"frames", series.frames},
          {"evidence", series.evidence}};
}

}  // namespace

std::string grades_json(const StudyReport& report) {
  Json series = Json::array(), grades = Json::array();
  for (const SeriesSummary& summary : report.study.series) series.push_back(series_json(summary));
  for (const Grade& grade : report.grades) grades.push_back(grade_json(grade));
  const Json json = {{"format_version", kGradesJsonVersion},
                     {"notice", kNotice},
                     {"study_id", report.study_id},
                     {"study_instance_uid", text_or_null(report.study.study_instance_uid)},
                     {"created_utc", report.origin.created_utc},
                     {"program", report.origin.program},
                     {"bundle",
                      {{"name", report.origin.bundle_name},
                       {"version", report.origin.bundle_version},
                       {"manifest_sha256", report.origin.bundle_sha256}}},
                     {"series", series},
                     {"missing_series", missing_series(report.study)},
                     {"spine", spine_json(report.spine)},
                     {"grades", grades},
                     {"prior", prior_json(report)},
                     {"warnings", report.warnings}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string grades_wide_csv(const std::string& study_id, const StudyGrades& grades) {
  std::vector<std::string> header = {"study_id"}, row = {study_id};
  for (const Grade& grade : grades) {
    const std::string key = finding_key(grade.finding);
    const auto printed = printed_probabilities(grade.probabilities);
    header.insert(header.end(), {key, key + "_moderate", key + "_severe"});
    row.insert(row.end(), {std::string(severity_key(most_probable(grade.probabilities))), printed[1], printed[2]});
  }
  return csv_line(header) + csv_line(row);
}

}  // namespace lumbargrade
