#include "batch/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void touch(const fs::path& file, const std::string& content = "x") {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << content;
}

std::vector<std::string> ids(const Discovery& found) {
  std::vector<std::string> result;
  for (const StudyFolder& study : found.studies) result.push_back(study.study_id);
  return result;
}

TEST(Discover, FindsTheStudiesOfTheChallengesLayout) {
  const TemporaryFolder data;
  touch(data / "train.csv");
  touch(data / "train_images/20/1/1.dcm");
  touch(data / "train_images/20/2/1.dcm");
  touch(data / "train_images/10/3/1.dcm");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("10", "20"));
  EXPECT_THAT(ids(discover_studies(data / "train_images", {})), ElementsAre("10", "20"));
}

TEST(Discover, TakesFoldersOfFilesRightBelowTheDataSetAsStudies) {
  const TemporaryFolder data;
  touch(data / "anna/1.dcm");
  touch(data / "ben/IM0001");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("anna", "ben"));
  EXPECT_THAT(ids(discover_studies(data.path(), {}, StudyDepth::Leaf)), ElementsAre("anna", "ben"));
}

TEST(Discover, LeavesOutTheOutputHiddenFoldersAndOtherFiles) {
  const TemporaryFolder data;
  touch(data / "s/1/1.dcm");
  touch(data / "out/shards/1-of-1/studies/old");
  touch(data / ".cache/x/1.dcm");
  touch(data / "notes/read me/readme.txt");
  EXPECT_THAT(ids(discover_studies(data.path(), data / "out")), ElementsAre("s"));
}

TEST(Discover, LoopsOfLinksAreCutAndLinkedCopiesCount) {
  const TemporaryFolder data;
  touch(data / "a/1/1.dcm");
  fs::create_directory_symlink(data / "a", data / "b");
  fs::create_directory_symlink(data.path(), data / "a/loop");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("a", "b"));
}

TEST(Discover, AnIdThatOccursTwiceIsAFailureOfBoth) {
  const TemporaryFolder data;
  touch(data / "site1/7/1/1.dcm");
  touch(data / "site2/7/1/1.dcm");
  touch(data / "site2/8/1/1.dcm");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("8"));
  ASSERT_EQ(found.failures.size(), 2U);
  EXPECT_THAT(found.failures[0].reason, HasSubstr("2 folders have this study id"));
}

TEST(Discover, AListNamesWhatIsNotThere) {
  const TemporaryFolder data;
  touch(data / "s 1/1/1.dcm");
  touch(data / "list.txt", "# mine\ns 1\n\nmissing\r\n");
  touch(data / "list.csv", "study_id,series_id\ns 1,1\ns 1,2\nmissing,3\n");
  for (const char* list : {"list.txt", "list.csv"}) {
    const Discovery found = discover_studies(data / list, {});
    EXPECT_THAT(ids(found), ElementsAre("s 1")) << list;
    ASSERT_EQ(found.failures.size(), 1U);
    EXPECT_EQ(found.failures[0].study_id, "missing");
  }
}

TEST(Discover, AListTakesEachStudyOnceHoweverItIsSpelled) {
  const TemporaryFolder data;
  touch(data / "7/1/1.dcm");
  touch(data / "list.txt",
        "\xEF\xBB\xBF"
        "7\n7/\n./7\n");
  touch(data / "list.csv", "path\n7\n./7/\n");
  for (const char* list : {"list.txt", "list.csv"}) {
    const Discovery found = discover_studies(data / list, {});
    EXPECT_THAT(ids(found), ElementsAre("7")) << list;
    EXPECT_THAT(found.failures, IsEmpty()) << list;
  }
}

TEST(Discover, AListMayNameArchives) {
  const TemporaryFolder data;
  touch(data / "a.b.zip");
  touch(data / "c.tar.gz");
  touch(data / "list.txt", "a.b.zip\nc.tar.gz\n");
  EXPECT_THAT(ids(discover_studies(data / "list.txt", {})), ElementsAre("a.b", "c"));
}

TEST(Discover, AnEmptyCellInAListIsAnErrorWithItsLine) {
  const TemporaryFolder data;
  touch(data / "7/1/1.dcm");
  touch(data / "list.csv", "path,site\n7,1\n,2\n");
  try {
    discover_studies(data / "list.csv", {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 3"));
  }
}

TEST(Discover, AMissingDataSetIsAnErrorAndAnEmptyOneIsEmpty) {
  const TemporaryFolder data;
  EXPECT_THROW(discover_studies(data / "nothing", {}), Error);
  EXPECT_THAT(ids(discover_studies(data.path(), {})), IsEmpty());
}

}  // namespace
}  // namespace lumbargrade
