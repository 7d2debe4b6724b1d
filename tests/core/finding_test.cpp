#include "core/finding.h"

#include <gtest/gtest.h>

#include <set>

namespace lumbargrade {
namespace {

TEST(AllFindings, AreTwentyFiveDistinctKeysInTheOrderOfTheSampleSubmission) {
  std::set<std::string> keys;
  for (const Finding& finding : all_findings()) keys.insert(finding_key(finding));
  EXPECT_EQ(keys.size(), 25u);
  EXPECT_EQ(finding_key(all_findings()[0]), "left_neural_foraminal_narrowing_l1_l2");
  EXPECT_EQ(finding_key(all_findings()[9]), "left_subarticular_stenosis_l5_s1");
  EXPECT_EQ(finding_key(all_findings()[10]), "right_neural_foraminal_narrowing_l1_l2");
  EXPECT_EQ(finding_key(all_findings()[24]), "spinal_canal_stenosis_l5_s1");
}

TEST(ParseLevel, AcceptsBothSpellingsInCirculation) {
  EXPECT_EQ(parse_level("L4/L5"), Level::L4L5);
  EXPECT_EQ(parse_level("l4_l5"), Level::L4L5);
  EXPECT_EQ(parse_level("L6/S1"), std::nullopt);
}

TEST(RowId, IsTakenApartIntoStudyAndFinding) {
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    const auto id = parse_row_id("44036939_" + finding_key(all_findings()[i]));
    ASSERT_TRUE(id);
    EXPECT_EQ(id->study_id, "44036939");
    EXPECT_EQ(id->finding, i);
  }
  EXPECT_EQ(parse_row_id("a_b_spinal_canal_stenosis_l1_l2")->study_id, "a_b");
  for (const char* other : {"", "_spinal_canal_stenosis_l1_l2", "1_spinal_canal_stenosis_l6_l7", "1_hip_l5_s1"}) {
    EXPECT_FALSE(parse_row_id(other)) << other;
  }
}

TEST(MostProbable, IsTheMoreSevereOfEquals) {
  EXPECT_EQ(most_probable({0.5, 0.3, 0.2}), Severity::NormalMild);
  EXPECT_EQ(most_probable({0.4, 0.4, 0.2}), Severity::Moderate);
  EXPECT_EQ(most_probable({0.4, 0.2, 0.4}), Severity::Severe);
}

}  // namespace
}  // namespace lumbargrade
