#include "report/grades_table.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "core/number_text.h"
#include "report/grades_csv.h"
#include "report/study_report.h"

namespace lumbargrade {
namespace {

using Line = std::vector<std::string>;

std::string shown(const std::optional<MeasuredValue>& measured, int decimals) {
  return measured ? fixed_decimals(measured->value, decimals) : "-";
}

std::string cell(const Grade& grade) {
  const Severity severity = most_probable(grade.probabilities);
  static constexpr std::array<const char*, kSeverityCount> kWords = {"normal/mild", "moderate", "severe"};
  const double percent = 100 * grade.probabilities[static_cast<size_t>(severity)];
  const std::string words = std::string(kWords[static_cast<size_t>(severity)]) + " " + fixed_decimals(percent, 0) + "%";
  return grade.source == GradeSource::Prior ? "(" + words + ")" : words;
}

Line level_line(const StudyGrades& grades, Level level) {
  const Grade& canal = row_of(grades, {Condition::SpinalCanalStenosis, std::nullopt, level});
  Line line = {std::string(level_name(level)), fixed_decimals(canal.level_confidence, 2),
               shown(canal.measured[Measure::CanalAp], 1), shown(canal.measured[Measure::CanalRatio], 2), cell(canal)};
  for (Condition condition : {Condition::NeuralForaminalNarrowing, Condition::SubarticularStenosis}) {
    for (Side side : {Side::Left, Side::Right}) line.push_back(cell(row_of(grades, {condition, side, level})));
  }
  return line;
}

std::string aligned(const std::vector<Line>& lines) {
  std::vector<size_t> widths(lines.front().size());
  for (const Line& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string result;
  for (const Line& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) row += line[i] + std::string(widths[i] - line[i].size() + 2, ' ');
    result += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return result;
}

std::string flag_line(const StudyGrades& grades) {
  std::set<std::string> flags;
  for (const Grade& grade : grades) flags.insert(grade.flags.begin(), grade.flags.end());
  if (flags.empty()) return "";
  std::string line = "Flags:";
  for (const std::string& flag : flags) line += " " + flag;
  return line + "\n";
}

}  // namespace

std::string grades_table(const std::string& study_id, const StudyGrades& grades) {
  std::vector<Line> lines = {{"level", "confidence", "canal mm", "ratio", "canal", "left foramen", "right foramen",
                              "left recess", "right recess"}};
  for (Level level : kLevels) lines.push_back(level_line(grades, level));
  return "Study " + study_id + " (" + kNotice + ")\n" + aligned(lines) +
         "In brackets: the prior of that level; nothing in the images was looked at for it.\n" + flag_line(grades);
}

}  // namespace lumbargrade
