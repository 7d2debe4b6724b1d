#include "core/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/finding.h"

namespace lumbargrade {
namespace {

/// The rows of the table of flags in docs/outputs.md, as they stand.
std::vector<std::string> document_rows() {
  std::ifstream document(LUMBARGRADE_OUTPUTS_MD);
  std::vector<std::string> rows;
  bool in_table = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| flag |")) {
      in_table = true;
    } else if (in_table && line.starts_with("| `")) {
      rows.push_back(line);
    } else if (in_table && !line.starts_with("|---")) {
      in_table = false;
    }
  }
  return rows;
}

TEST(Flags, ReadmesTableIsTheProgramsTable) {
  constexpr std::array kSeverities = {"note", "caution", "grave"};
  std::vector<std::string> rows;
  for (const Flag& flag : flags::kAll) {
    rows.push_back(text("| `", flag.word, "` | ", kSeverities.at(index_of(flag.severity)), " | ", flag.sentence, " |"));
  }
  EXPECT_THAT(document_rows(), testing::ElementsAreArray(rows));
}

TEST(Flags, EveryWordIsFoundAndStandsOnce) {
  for (const Flag& flag : flags::kAll) {
    EXPECT_EQ(find_flag(flag.word).value().sentence, flag.sentence) << flag.word;
  }
  EXPECT_FALSE(find_flag("a_bundles_own_word"));
}

}  // namespace
}  // namespace lumbargrade
