#include "report/prior_study.h"

#include <algorithm>

#include "core/strict_json.h"

namespace lumbargrade {
namespace {

constexpr int kPriorJsonDepth = 16;

[[noreturn]] void refuse_prior(const std::string& file, const std::string& why) {
  throw Error(ErrorKind::Usage,
              text(file, ": ", why,
                   "; --prior takes a study, or a folder with the grades.json of `lumbargrade grade --report`"));
}

std::string string_at(const nlohmann::json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string();
}

std::optional<Severity> severity_of(const std::string& key) {
  for (const Severity severity : {Severity::NormalMild, Severity::Moderate, Severity::Severe}) {
    if (severity_key(severity) == key) return severity;
  }
  return std::nullopt;
}

PriorFinding finding_from(const nlohmann::json& grade, const std::string& file) {
  PriorFinding finding;
  const auto severity = severity_of(string_at(grade, "grade"));
  if (!severity) refuse_prior(file, text("the grade of ", string_at(grade, "finding"), " is missing or unknown"));
  finding.grade = *severity;
  finding.was_looked_at = string_at(grade, "source") != source_name(GradeSource::Prior);
  if (!grade.contains("measures") || !grade["measures"].is_array()) return finding;
  for (const auto& measure : grade["measures"]) {
    if (measure.is_object() && measure.contains("value") && measure["value"].is_number()) {
      finding.measures[string_at(measure, "key")] = measure["value"].get<double>();
    }
  }
  return finding;
}

}  // namespace

PriorStudy prior_study_from_json(std::string_view json, const std::string& file) {
  const auto root = parse_strict_json(json, {file, ErrorKind::Usage}, kPriorJsonDepth);
  if (!root.is_object() || !root.contains("grades") || !root["grades"].is_array())
    refuse_prior(file, "it holds no grades");
  PriorStudy prior{
      string_at(root, "study_id"), string_at(root, "study_instance_uid"), string_at(root, "created_utc"), {}};
  for (size_t k = 0; k < prior.findings.size(); ++k) {
    const std::string key = finding_key(all_findings()[k]);
    const auto& grades = root["grades"];
    const auto row = std::find_if(grades.begin(), grades.end(), [&](const nlohmann::json& grade) {
      return grade.is_object() && string_at(grade, "finding") == key;
    });
    if (row == grades.end()) refuse_prior(file, text("the finding ", key, " is missing"));
    prior.findings[k] = finding_from(*row, file);
  }
  return prior;
}

std::vector<FindingChange> changes_since(const PriorStudy& prior, const StudyGrades& grades) {
  std::vector<FindingChange> changes;
  for (size_t k = 0; k < grades.size(); ++k) {
    const PriorFinding& then = prior.findings[k];
    FindingChange change{grades[k].finding,
                         then.grade,
                         most_probable(grades[k].probabilities),
                         then.was_looked_at && grades[k].source != GradeSource::Prior,
                         {}};
    for (const ReportedMeasure& measure : measures_of(grades[k])) {
      const auto before = then.measures.find(measure.key);
      if (before != then.measures.end()) change.measures.push_back({measure, before->second});
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace lumbargrade
