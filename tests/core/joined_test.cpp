#include "core/joined.h"

#include <gtest/gtest.h>

#include <vector>

namespace lumbargrade {
namespace {

TEST(Joined, PutsTheWordsBetweenEachTwo) {
  EXPECT_EQ(joined(std::vector<std::string>{"a", "b", "c"}), "a, b, c");
  EXPECT_EQ(joined(std::vector<std::string_view>{"a"}, "; "), "a");
  EXPECT_EQ(joined(std::vector<std::string>{}, "; "), "");
  EXPECT_EQ(joined(std::vector<std::string>{"", "b"}, ";"), ";b") << "an empty word counts";
}

}  // namespace
}  // namespace lumbargrade
