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

}  // namespace
}  // namespace lumbargrade
