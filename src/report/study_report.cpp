#include "report/study_report.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "core/error.h"
#include "core/flags.h"

namespace lumbargrade {
namespace {

/// How many rows carry each flag.
std::map<std::string, int> flag_counts(const StudyGrades& grades) {
  std::map<std::string, int> counts;
  for (const Grade& grade : grades) {
    for (const std::string& flag : std::set<std::string>(grade.flags.begin(), grade.flags.end())) ++counts[flag];
  }
  return counts;
}

std::string counted(int rows) {
  if (rows == kFindingCount) return "all findings";
  return rows == 1 ? "1 finding" : text(rows, " findings");
}

/// The flag's sentence with a capital and a full stop; a bundle's own word as words.
std::string flag_sentence(std::string word) {
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

std::string comma_list(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
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
  if (!missing.empty()) notes.push_back(text("The study has no ", comma_list(missing), " series that can be used."));
  for (const auto& [flag, rows] : flag_counts(report.grades)) {
    notes.push_back(text(flag_sentence(flag), " (", counted(rows), ")"));
  }
  notes.insert(notes.end(), report.warnings.begin(), report.warnings.end());
  return notes;
}

}  // namespace lumbargrade
