#include "batch/study_name.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(StudyName, ValidUtf8StaysAsItIs) {
  for (const char* name :
       {"", "4003253", "a b\n\"", "M\xC3\xBCller", "\xE8\x85\xB0\xE6\xA4\x8E", "\xF0\x9F\xA6\xB4", "%FF"}) {
    EXPECT_EQ(utf8_name(name), name);
  }
}

// RFC 3629 forbids each of these.
TEST(StudyName, OtherBytesAreWrittenInHexadecimal) {
  EXPECT_EQ(utf8_name("M\xFCller"), "M%FCller");             // Latin-1
  EXPECT_EQ(utf8_name("\xC0\xAF"), "%C0%AF");                // an overlong slash
  EXPECT_EQ(utf8_name("\xE0\x80\xAF"), "%E0%80%AF");         // the same in three bytes
  EXPECT_EQ(utf8_name("\xED\xA0\x80"), "%ED%A0%80");         // a surrogate
  EXPECT_EQ(utf8_name("\xF4\x90\x80\x80"), "%F4%90%80%80");  // beyond U+10FFFF
  EXPECT_EQ(utf8_name("\xF0\x80\x80\x80"), "%F0%80%80%80");  // overlong
  EXPECT_EQ(utf8_name("a\xE6\xA4"), "a%E6%A4");              // cut short
  EXPECT_EQ(utf8_name("\x80z"), "%80z");                     // begins in the middle
}

}  // namespace
}  // namespace lumbargrade
