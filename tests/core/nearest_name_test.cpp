#include "core/nearest_name.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(NearestName, IsTheOneWithTheFewestEdits) {
  EXPECT_EQ(nearest_name("spacin_mm", {"padding", "spacing_mm", "scaling_mm"}), "spacing_mm");
}

TEST(NearestName, IsEmptyWhenNothingIsNear) {
  EXPECT_EQ(nearest_name("abc", {"xyz", "abxyz"}), "");
}

TEST(NearestName, HintsAtTheNearestOrListsAll) {
  EXPECT_EQ(name_hint("sofmax", {"softmax", "sigmoid"}), "; did you mean \"softmax\"?");
  EXPECT_EQ(name_hint("tanh", {"softmax", "sigmoid"}), "; valid are softmax, sigmoid");
}

}  // namespace
}  // namespace lumbargrade
