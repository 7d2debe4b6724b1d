#include "report/printable_ascii.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(PrintableAscii, EveryOtherCharacterIsOneQuestionMark) {
  EXPECT_EQ(printable_ascii("L4/L5 82%"), "L4/L5 82%");
  EXPECT_EQ(printable_ascii("Zażółć 山田"), "Za???? ??");
  EXPECT_EQ(printable_ascii("a\nb\x7f"), "a?b?");
}

}  // namespace
}  // namespace lumbargrade
