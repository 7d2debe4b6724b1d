#include "grades/attention.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(AttentionMean, AveragesOverLooksByImage) {
  AttentionMean mean;
  mean.add({"t1", "s", {{"a"}, {"b"}, {"c"}}, {0.5, 0.25, 0.25}});
  mean.add({"t1", "s", {{"b"}, {"c"}, {"d"}}, {0.5, 0.5, 0}});
  const auto images = mean.mean();
  ASSERT_EQ(images.size(), 4U);
  EXPECT_EQ(images[0].sop_instance_uid, "a");
  EXPECT_EQ(images[0].weight, 0.25);
  EXPECT_EQ(images[1].weight, 0.375);
  EXPECT_EQ(images[2].weight, 0.375);
  EXPECT_EQ(images[3].weight, 0);
}

TEST(AttentionMean, ASliceMadeOfSeveralImagesSharesItsWeight) {
  AttentionMean mean;
  mean.add({"t1", "s", {{"a", "b"}, {"c"}}, {0.5, 0.5}});
  const auto images = mean.mean();
  ASSERT_EQ(images.size(), 3U);
  EXPECT_EQ(images[0].weight, 0.25);
  EXPECT_EQ(images[1].weight, 0.25);
  EXPECT_EQ(images[2].weight, 0.5);
}

TEST(AttentionMean, ATransformThatDoesNotShowTheViewDoesNotCount) {
  AttentionMean mean;
  mean.add({"t1", "s", {{"a"}, {"b"}}, {1, 0}});
  mean.add({"t1", "s", {{}, {}}, {0, 0}});
  mean.add({"axial", "x", {{"a"}}, {1}});
  const auto images = mean.mean();
  ASSERT_EQ(images.size(), 3U);
  EXPECT_EQ(images[0].weight, 1);
  EXPECT_EQ(images[2].view, "axial");
  EXPECT_EQ(images[2].series_instance_uid, "x");
  EXPECT_EQ(images[2].weight, 1);
}

}  // namespace
}  // namespace lumbargrade
