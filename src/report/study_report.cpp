#include "report/study_report.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "core/error.h"
#include "core/flags.h"
#include "core/joined.h"

namespace lumbargrade {
namespace {

/// More findings than these are counted, not named.
constexpr size_t kNamedFindings = 3;

/// Which rows carry each flag.
std::map<std::string, std::vector<Finding>> flagged_findings(const StudyGrades& grades) {
  std::map<std::string, std::vector<Finding>> findings;
  for (const Grade& grade : grades) {
    for (const std::string& flag : std::set<std::string>(grade.flags.begin(), grade.flags.end())) {
      findings[flag].push_back(grade.finding);
    }
  }
  return findings;
}

/// "L5/S1 canal", "L4/L5 left foramen".
std::string short_name(const Finding& finding) {
  static constexpr std::array<const char*, kConditionCount> kWhat = {"canal", "foramen", "recess"};
  const std::string side = finding.side ? text(side_name(*finding.side), " ") : "";
  return text(level_name(finding.level), " ", side, kWhat[index_of(finding.condition)]);
}

std::string which(const std::vector<Finding>& findings) {
  if (findings.size() == kFindingCount) return "all findings";
  if (findings.size() > kNamedFindings) return text(findings.size(), " findings");
  std::vector<std::string> names;
  for (const Finding& finding : findings) names.push_back(short_name(finding));
  return joined(names);
}

/// The flag's sentence with a capital and a full stop; a bundle's own word as words.
std::string flag_sentence(const std::string& word) {
  const auto flag = find_flag(word);
  std::string sentence = flag ? std::string(flag->sentence) : word;
  if (!flag) std::replace(sentence.begin(), sentence.end(), '_', ' ');
  std::erase(sentence, '`');
  return with_capital(sentence) + ".";
}

}  // namespace

std::string with_capital(std::string words) {
  if (!words.empty()) words.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(words.front())));
  return words;
}

const Grade& row_of(const StudyGrades& grades, const Finding& finding) {
  return *std::find_if(grades.begin(), grades.end(), [&](const Grade& grade) { return grade.finding == finding; });
}

std::vector<std::string> flag_sentences(const std::vector<std::string>& flags) {
  std::vector<std::string> sentences;
  for (const std::string& flag : flags) sentences.push_back(flag_sentence(flag));
  return sentences;
}

std::vector<std::string> missing_series(const Study& study) {
  std::vector<std::string> missing;
  if (!study.sagittal_t1) missing.emplace_back("sagittal T1");
  if (!study.sagittal_t2) missing.emplace_back("sagittal T2");
  if (study.axial_t2.empty()) missing.emplace_back("axial T2");
  return missing;
}

std::vector<std::string> report_notes(const StudyReport& report) {
  std::vector<std::string> notes;
  const auto missing = missing_series(report.study);
  if (!missing.empty()) notes.push_back(text("The study has no ", joined(missing), " series that can be used."));
  for (const auto& [flag, findings] : flagged_findings(report.grades)) {
    notes.push_back(text(flag_sentence(flag), " (", which(findings), ")"));
  }
  notes.insert(notes.end(), report.warnings.begin(), report.warnings.end());
  return notes;
}

}  // namespace lumbargrade
