#include "core/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view csv) {
  try {
    parse_csv(csv, "x.csv");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Csv, ReadsQuotedFieldsWithCommasQuotesAndLineBreaks) {
  const CsvTable table = parse_csv("a,b\n\"1,\"\"2\"\"\n3\",x\n", "x.csv");
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("1,\"2\"\n3", "x")));
}

TEST(Csv, AcceptsByteOrderMarkCrlfBlankLinesAndAMissingLastLineBreak) {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF"
      "a,b\r\n1,2\r\n\r\n3,",
      "x.csv");
  EXPECT_THAT(table.header, ElementsAre("a", "b"));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "")));
  EXPECT_THAT(table.lines, ElementsAre(2, 4));
}

TEST(Csv, FindsColumnsByName) {
  const CsvTable table = parse_csv("a,b\n", "x.csv");
  EXPECT_EQ(table.column("b"), 1U);
  EXPECT_FALSE(table.column("c"));
}

TEST(Csv, RefusesDamageAndNamesTheLine) {
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal("a,a\n"), HasSubstr("twice"));
  EXPECT_THAT(refusal("a,b\n1,2\n3\n"), HasSubstr("line 3: 1 fields"));
  EXPECT_THAT(refusal("a,b\n1,\"2\n"), HasSubstr("not closed"));
  EXPECT_THAT(refusal("a,b\n1,\"2\"x\n"), HasSubstr("after a quoted field"));
  EXPECT_THAT(refusal("a,b\n1,2\"\n"), HasSubstr("inside an unquoted field"));
}

TEST(Csv, WhatIsWrittenReadsBackUnchanged) {
  const std::vector<std::string> fields = {"plain", "Müller, \"Ann\"", "", " spaced ", "-1.5"};
  const CsvTable table = parse_csv("1,2,3,4,5\n" + csv_line(fields), "x.csv");
  EXPECT_EQ(table.rows.at(0), fields);
}

TEST(Csv, AMissingFileIsAnError) {
  EXPECT_THROW(read_csv("/nonexistent/x.csv"), Error);
}

TEST(Csv, ALineHoldsNoFormulaAndNoControlCharacter) {
  EXPECT_EQ(csv_line({"=1+1", "@x", "+a", "-b", "-", "a=b"}), "'=1+1,'@x,'+a,'-b,'-,a=b\n");
  EXPECT_EQ(csv_line({"-12.5", "-1e-7", "3", ""}), "-12.5,-1e-7,3,\n");
  EXPECT_EQ(csv_line({"a,b", "say \"x\"", "two\nlines\x1B[2J"}), "\"a,b\",\"say \"\"x\"\"\",two\\x0Alines\\x1B[2J\n");
}

}  // namespace
}  // namespace lumbargrade
