#include "core/number_text.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace lumbargrade {
namespace {

TEST(NumberText, IsANumberOnlyAsAWhole) {
  EXPECT_EQ(number_from<int>("-12"), -12);
  EXPECT_EQ(number_from<double>("1.5e1"), 15.0);
  EXPECT_EQ(number_from<size_t>("7"), size_t{7});
  for (const char* none : {"", "x", "1x", " 1", "1 ", "+1", "1,5"}) {
    EXPECT_FALSE(number_from<int>(none)) << none;
    EXPECT_FALSE(number_from<double>(none)) << none;
  }
}

TEST(NumberText, WhatTheTypeCannotHoldIsNone) {
  EXPECT_FALSE(number_from<int>("99999999999"));
  EXPECT_FALSE(number_from<size_t>("-1"));
  EXPECT_FALSE(number_from<double>("1e999"));
}

}  // namespace
}  // namespace lumbargrade
