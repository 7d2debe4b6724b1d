#include "report/grades_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "grades/grading.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;

TEST(GradesTable, ShowsMeasuresAndBracketsPriors) {
  StudyGrades grades = prior_grades(challenge_prevalence(), "level_not_found");
  Grade& canal = grades[23];
  canal.probabilities = {0.2, 0.2, 0.6};
  canal.source = GradeSource::Measure;
  canal.level_confidence = 0.97;
  canal.measured[Measure::CanalAp] = MeasuredValue{4.44, std::nullopt};
  const std::string table = grades_table("900142", grades);
  EXPECT_THAT(table, HasSubstr("Study 900142 (research use only, not for clinical use)"));
  EXPECT_THAT(table, HasSubstr("L4/L5 0.97 4.4  severe 60  (normal)"));
  EXPECT_THAT(table, HasSubstr("L1/L2 0.00 -    (normal)   (normal)"));
  EXPECT_THAT(table, HasSubstr("Flags: level_not_found"));
}

TEST(GradesTable, FitsIntoEightyColumns) {
  StudyGrades grades = prior_grades(challenge_prevalence(), "level_not_found");
  for (Grade& grade : grades) {
    grade.probabilities = {0.2, 0.6, 0.2};
    grade.source = GradeSource::Measure;
    grade.measured[Measure::CanalAp] = MeasuredValue{14.44, std::nullopt};
    grade.flags = {"canal_not_measured", "contradicts_level_prior", "levels_ambiguous", "fewer_than_five_discs"};
  }
  std::istringstream table(grades_table("900142", grades));
  int lines = 0;
  for (std::string line; std::getline(table, line); ++lines) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_GE(lines, 11);
}

}  // namespace
}  // namespace lumbargrade
