#include "core/wrapped_text.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(WrappedText, BreaksAtTheLastBlankThatLeavesRoom) {
  const std::string a(40, 'a'), b(39, 'b'), c(3, 'c');
  EXPECT_EQ(wrapped(a + " " + b + " " + c, 0), a + " " + b + "\n" + c);  // 80 columns, then the rest
}

TEST(WrappedText, LeavesRoomForTheIndentOnEveryLine) {
  const std::string word(30, 'x');
  EXPECT_EQ(wrapped(word + " " + word + " " + word, 10), word + " " + word + "\n" + std::string(10, ' ') + word);
}

TEST(WrappedText, KeepsLineBreaksAndBlanksWithinALine) {
  EXPECT_EQ(wrapped("  L1/L2  moderate\nL2", 2), "  L1/L2  moderate\n  L2");
}

TEST(WrappedText, AWordLongerThanALineStandsOnOneOfItsOwn) {
  const std::string path(100, '/');
  EXPECT_EQ(wrapped("in " + path + " there", 0), "in\n" + path + "\nthere");
}

TEST(WrappedText, CountsCharactersAndNotBytes) {
  std::string umlauts;
  for (int k = 0; k < 79; ++k) umlauts += "\xC3\xA4";
  EXPECT_EQ(wrapped(umlauts + " b", 0), umlauts + "\nb");
  EXPECT_EQ(wrapped(umlauts.substr(2) + " b", 0), umlauts.substr(2) + " b");
}

TEST(WrappedText, OfNothingIsNothing) {
  EXPECT_EQ(wrapped("", 4), "");
}

TEST(AlignedText, PartsColumnsByTwoBlanksAndNarrowOnesByOne) {
  EXPECT_EQ(aligned({{"a", "bb", "c"}, {"dddd", "e", ""}}), "a     bb  c\ndddd  e\n");
  EXPECT_EQ(aligned({{"a", "bb", "c"}, {"dddd", "e", "f"}}, 1), "a    bb  c\ndddd e   f\n");
}

TEST(AlignedText, CountsCharactersAndNotBytes) {
  EXPECT_EQ(aligned({{"\xC3\xA4", "b"}, {"cc", "d"}}), "\xC3\xA4   b\ncc  d\n");
}

}  // namespace
}  // namespace lumbargrade
