#include "core/printable_text.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(PrintableText, OrdinaryUtf8StaysAsItIs) {
  for (const char* name :
       {"", "4003253", "a b\"", "M\xC3\xBCller", "\xE8\x85\xB0\xE6\xA4\x8E", "\xF0\x9F\xA6\xB4", "%FF", "a=b-c@d+"}) {
    EXPECT_EQ(printable_name(name), name);
    EXPECT_EQ(printable(name), name);
  }
}

// RFC 3629 forbids each of these.
TEST(PrintableText, BytesThatAreNoUtf8AreWrittenInHexadecimal) {
  EXPECT_EQ(printable_name("M\xFCller"), "M%FCller");             // Latin-1
  EXPECT_EQ(printable_name("\xC0\xAF"), "%C0%AF");                // an overlong slash
  EXPECT_EQ(printable_name("\xE0\x80\xAF"), "%E0%80%AF");         // the same in three bytes
  EXPECT_EQ(printable_name("\xED\xA0\x80"), "%ED%A0%80");         // a surrogate
  EXPECT_EQ(printable_name("\xF4\x90\x80\x80"), "%F4%90%80%80");  // beyond U+10FFFF
  EXPECT_EQ(printable_name("\xF0\x80\x80\x80"), "%F0%80%80%80");  // overlong
  EXPECT_EQ(printable_name("a\xE6\xA4"), "a%E6%A4");              // cut short
  EXPECT_EQ(printable_name("\x80z"), "%80z");                     // begins in the middle
  EXPECT_EQ(printable("M\xFCller"), "M\\xFCller");
}

TEST(PrintableText, NothingSteersATerminalOrForgesALine) {
  EXPECT_EQ(printable("\x1B]0;title\x07"), "\\x1B]0;title\\x07");
  EXPECT_EQ(printable("a\nerror: b\r\tc"), "a\\x0Aerror: b\\x0D\\x09c");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\xC2\\x9B31m");                                               // CSI of eight bits, as UTF-8
  EXPECT_EQ(printable("x\xE2\x80\xAEgnp.exe"), "x\\xE2\\x80\\xAEgnp.exe");  // writes the rest backwards
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable_name("line\nbreak"), "line%0Abreak");
}

TEST(PrintableText, ANameIsNoFormula) {
  EXPECT_EQ(printable_name("=cmd|' /C calc'!A0"), "%3Dcmd|' /C calc'!A0");
  EXPECT_EQ(printable_name("-x"), "%2Dx");
  EXPECT_EQ(printable_name("+1"), "%2B1");
  EXPECT_EQ(printable_name("@x"), "%40x");
}

}  // namespace
}  // namespace lumbargrade
