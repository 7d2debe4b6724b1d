#include "core/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;
using testing::StrEq;

Table table_of(std::string_view csv, const std::vector<std::string>& required = {}) {
  return {parse_csv(csv, "x.csv"), "x.csv", ErrorKind::Usage, required};
}

/// The message of the refusal, which must have the table's kind.
template <typename Action>
std::string refused(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "accepted";
}

std::string number_refused(const std::string& field, double minimum = -10, double maximum = 10) {
  return refused([&] { table_of("a,b\n1,2\n0," + field + "\n")[1].number("b", minimum, maximum); });
}

TEST(Table, ReadsEveryTypeByTheColumnsName) {
  const Table table = table_of("side,level,share,count,seen,unit,note\nright,l4_l5,-1.5e-1,12.0,1,mm,\n");
  const TableRow row = table[0];
  EXPECT_EQ(row.side(), Side::Right);
  EXPECT_EQ(row.level(), Level::L4L5);
  EXPECT_EQ(row.number("share"), -0.15);
  EXPECT_EQ(row.integer("count", 0, 20), 12);
  EXPECT_TRUE(row.boolean("seen"));
  EXPECT_EQ(row.one_of("unit", {"px", "mm"}), 1U);
  EXPECT_EQ(row.word("unit"), "mm");
  EXPECT_EQ(row.field("note"), "");
  EXPECT_EQ(row.optional_number("note"), std::nullopt);
  EXPECT_EQ(row.optional_number("no such column"), std::nullopt);
  EXPECT_EQ(row.optional_number("share"), -0.15);
}

TEST(Table, ReadsIdsAsPandasAndPeopleWriteThem) {
  const Table table = table_of("id\n4003253\n4003253.0\n 4003253.00 \nsub-01/ses-01\n1.2.840.0\n1.5\n.0\n12.\n");
  std::vector<std::string> ids;
  for (const TableRow row : table) ids.push_back(row.id("id"));
  EXPECT_THAT(ids,
              testing::ElementsAre("4003253", "4003253", "4003253", "sub-01/ses-01", "1.2.840.0", "1.5", ".0", "12."));
  EXPECT_THAT(refused([&] { table_of("id,x\n \t,1\n")[0].id("id"); }), StrEq("x.csv line 2: column id is empty"));
}

TEST(Table, IsAWalkThroughItsRows) {
  std::vector<std::size_t> lines;
  for (const TableRow row : table_of("a\n1\n\n2\n")) lines.push_back(row.line());
  EXPECT_THAT(lines, testing::ElementsAre(2, 4));
}

TEST(Table, RefusesWhatIsNotWhollyANumberWithFileLineAndColumn) {
  EXPECT_THAT(number_refused("12abc"), StrEq("x.csv line 3: \"12abc\" in column b is not a number"));
  for (const char* field : {"", " 1", "1 ", "+1", "0x1", "1;2", "eins"}) {
    EXPECT_THAT(number_refused(field), HasSubstr("is not a number")) << field;
  }
  for (const char* field : {"inf", "-inf", "nan"}) EXPECT_THAT(number_refused(field), HasSubstr("is not finite"));
  EXPECT_THAT(number_refused("1e999"), HasSubstr("is out of range"));
}

TEST(Table, RefusesNumbersOutsideTheirRange) {
  EXPECT_THAT(number_refused("11"), StrEq("x.csv line 3: 11 in column b must be from -10 to 10"));
  EXPECT_THAT(number_refused("-1", 0), HasSubstr("-1 in column b is negative"));
  EXPECT_THAT(number_refused("1", 2, std::numeric_limits<double>::max()), HasSubstr("must be at least 2"));
  EXPECT_THAT(number_refused("10"), StrEq("accepted"));
}

TEST(Table, RefusesIntegersWithAFractionOrOutsideTheirRange) {
  const auto integer_refused = [](const std::string& field) {
    return refused([&] { table_of("n\n" + field + "\n")[0].integer("n", 0, 1000); });
  };
  EXPECT_THAT(integer_refused("1.5"), StrEq("x.csv line 2: \"1.5\" in column n is not a whole number"));
  EXPECT_THAT(integer_refused("1e30"), HasSubstr("is not a whole number"));
  EXPECT_THAT(integer_refused("1001"), HasSubstr("must be from 0 to 1000"));
  EXPECT_THAT(integer_refused("-1"), HasSubstr("must be from 0 to 1000"));
}

TEST(Table, RefusesUnknownWords) {
  const Table table = table_of("level,side,flag,empty\nL6/S1,links,yes,\n");
  EXPECT_THAT(refused([&] { table[0].level(); }), HasSubstr("\"L6/S1\" in column level is not a level"));
  EXPECT_THAT(refused([&] { table[0].side(); }),
              HasSubstr("\"links\" in column side is unknown; valid are left, right"));
  EXPECT_THAT(refused([&] { table[0].boolean("flag"); }), HasSubstr("valid are 0, 1"));
  EXPECT_THAT(refused([&] { table[0].word("empty"); }), HasSubstr("line 2: column empty is empty"));
}

TEST(Table, NamesAMissingColumn) {
  EXPECT_THAT(refused([] { table_of("a,b\n", {"a", "c"}); }), StrEq("x.csv: the column \"c\" is missing"));
  EXPECT_THAT(refused([] { table_of("a\n1\n")[0].field("c"); }), StrEq("x.csv: the column \"c\" is missing"));
}

TEST(Table, DamageInAFileHasTheTablesKind) {
  const TemporaryFolder folder;
  std::ofstream(folder / "t.csv") << "a,b\n1\n";
  EXPECT_THAT(refused([&] { Table(folder / "t.csv", ErrorKind::Usage); }), HasSubstr("line 2: 1 fields"));
}

TEST(Table, RefusesARowOfMoreFieldsThanAnyTableHas) {
  EXPECT_THAT(refused([] { parse_csv(std::string(20000, ','), "x.csv", ErrorKind::Usage); }),
              HasSubstr("more than 10000 fields"));
}

TEST(Table, RefusesAFileThatIsTooLarge) {
  const TemporaryFolder folder;
  std::ofstream(folder / "t.csv") << "a\n";
  std::filesystem::resize_file(folder / "t.csv", (std::uintmax_t{512} << 20) + 1);  // sparse
  EXPECT_THAT(refused([&] { Table(folder / "t.csv", ErrorKind::Usage); }), HasSubstr("larger than the 512 MiB"));
}

}  // namespace
}  // namespace lumbargrade
