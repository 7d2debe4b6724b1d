#include "core/series_role.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(RoleOfSeriesDescription, KnowsTheChallengesWordsAndOtherSpellings) {
  for (const SeriesRole role : {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    EXPECT_EQ(role_of_series_description(series_description(role)), role);
  }
  for (const char* words : {"Sagittal T2", "sagittal t2/stir", "SAG T2 ", "T2_sag", "Sagittal STIR",
                            "Sagittal T2-weighted", "T2 TSE sagittale"}) {
    EXPECT_EQ(role_of_series_description(words), SeriesRole::SagittalT2) << words;
  }
  EXPECT_EQ(role_of_series_description(" sagittal  t1 "), SeriesRole::SagittalT1);
  EXPECT_EQ(role_of_series_description("AX T2"), SeriesRole::AxialT2);
}

TEST(RoleOfSeriesDescription, TakesNothingThatSaysMoreOrLess) {
  for (const char* words :
       {"", "Sagittal", "T2", "Axial T1", "Sagittal T1 post contrast", "Sagittal T1 T2", "Sagittal Axial T2"}) {
    EXPECT_FALSE(role_of_series_description(words)) << words;
  }
}

}  // namespace
}  // namespace lumbargrade
