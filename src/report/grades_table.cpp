#include "report/grades_table.h"

#include <set>
#include <vector>

#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "core/wrapped_text.h"
#include "report/grades_csv.h"
#include "report/study_report.h"

namespace lumbargrade {
namespace {

using Line = std::vector<std::string>;

constexpr size_t kNarrowColumns = 2;  // figures: one blank parts them well enough

std::string shown(const std::optional<MeasuredValue>& measured, int decimals) {
  return measured ? fixed_decimals(measured->value, decimals) : "-";
}

/// "moderate 54", the figure being percent; "(moderate)" of a prior.
std::string cell(const Grade& grade) {
  static constexpr std::array<const char*, kSeverityCount> kWords = {"normal", "moderate", "severe"};
  const auto severity = static_cast<size_t>(most_probable(grade.probabilities));
  if (grade.source == GradeSource::Prior) return text("(", kWords[severity], ")");
  return text(kWords[severity], " ", fixed_decimals(100 * grade.probabilities[severity], 0));
}

Line level_line(const StudyGrades& grades, Level level) {
  const Grade& canal = row_of(grades, {Condition::SpinalCanalStenosis, std::nullopt, level});
  Line line = {std::string(level_name(level)), fixed_decimals(canal.level_confidence, 2),
               shown(canal.measured[Measure::CanalAp], 1), cell(canal)};
  for (Condition condition : {Condition::NeuralForaminalNarrowing, Condition::SubarticularStenosis}) {
    for (Side side : {Side::Left, Side::Right}) line.push_back(cell(row_of(grades, {condition, side, level})));
  }
  return line;
}

/// "Flags: ..." in lines that a terminal shows whole.
std::string flag_lines(const StudyGrades& grades) {
  std::set<std::string> flags;
  for (const Grade& grade : grades) flags.insert(grade.flags.begin(), grade.flags.end());
  const std::string begin = "Flags: ";
  return flags.empty() ? "" : begin + wrapped(joined(flags, " "), begin.size()) + "\n";
}

}  // namespace

std::string grades_table(const std::string& study_id, const StudyGrades& grades) {
  std::vector<Line> lines = {{"level", "conf", "mm", "canal", "foramen L", "foramen R", "recess L", "recess R"}};
  for (Level level : kLevels) lines.push_back(level_line(grades, level));
  return "Study " + study_id + " (" + kNotice + ")\n" + aligned(lines, kNarrowColumns) +
         "conf: confidence that the level is rightly named, 0 to 1; mm: diameter of the\n"
         "canal; normal: normal or mild; figures: the grade's probability in percent. In\n"
         "brackets: the prior of that level; nothing in the images was looked at for it.\n" +
         flag_lines(grades);
}

}  // namespace lumbargrade
