#include "study/path_name.h"

#include <gtest/gtest.h>

#include <fstream>

#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

TEST(PathName, IsTheFoldersName) {
  const TemporaryFolder data;
  fs::create_directories(data / "7.5/inner");
  EXPECT_EQ(name_from_path(data / "7.5"), "7.5");
  EXPECT_EQ(name_from_path(data / "7.5/"), "7.5");
  EXPECT_EQ(name_from_path(data / "7.5/inner/.."), "7.5");
  EXPECT_EQ(name_from_path("."), fs::current_path().filename().string());
}

TEST(PathName, OfALinkIsItsOwn) {
  const TemporaryFolder data;
  fs::create_directories(data / "target");
  fs::create_directory_symlink(data / "target", data / "patient1");
  EXPECT_EQ(name_from_path(data / "patient1"), "patient1");
}

TEST(PathName, OfAnArchiveOrFileLacksTheExtension) {
  const TemporaryFolder data;
  for (const char* file : {"a.b.zip", "c.tar.gz", "IM0001"}) std::ofstream(data / file) << "x";
  EXPECT_EQ(name_from_path(data / "a.b.zip"), "a.b");
  EXPECT_EQ(name_from_path(data / "c.tar.gz"), "c");
  EXPECT_EQ(name_from_path(data / "IM0001"), "IM0001");
}

TEST(PathName, OfWhatIsNotThereIsTheLastPart) {
  EXPECT_EQ(name_from_path("/nowhere/missing.7"), "missing.7");
}

}  // namespace
}  // namespace lumbargrade
