#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "batch/refusal.h"
#include "pipeline/report_files.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

std::string refusal_of_prior(const TemporaryFolder& folder) {
  return refusal([&] { read_prior_study(folder.path().string(), {}, {}, "lumbargrade", {}); });
}

TEST(PriorResults, APipeIsNotWaitedFor) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "grades.json").c_str(), 0600), 0);
  EXPECT_THAT(refusal_of_prior(folder), testing::HasSubstr("cannot read " + (folder / "grades.json").string()));
}

TEST(PriorResults, AHugeFileIsRefusedUnread) {
  const TemporaryFolder folder;
  std::ofstream(folder / "grades.json") << "{";
  std::filesystem::resize_file(folder / "grades.json", std::uintmax_t{1} << 40);  // takes no disk
  EXPECT_THAT(refusal_of_prior(folder), testing::HasSubstr("cannot read " + (folder / "grades.json").string()));
}

}  // namespace
}  // namespace lumbargrade
