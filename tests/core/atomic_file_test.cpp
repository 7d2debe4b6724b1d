#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::ptrdiff_t files_in(const std::filesystem::path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

TEST(AtomicFile, ReplacesTheOldContentAtCommit) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.txt", "old");
  AtomicFile file(folder / "a.txt");
  file.write("new", 3);
  EXPECT_EQ(content_of(folder / "a.txt"), "old");
  file.commit();
  EXPECT_EQ(content_of(folder / "a.txt"), "new");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, LeavesNothingBehindWithoutCommit) {
  const TemporaryFolder folder;
  { AtomicFile(folder / "a.txt").write("half", 4); }
  EXPECT_EQ(files_in(folder.path()), 0);
}

TEST(AtomicFile, NamesThePathThatCannotBeCreated) {
  const TemporaryFolder folder;
  try {
    AtomicFile file(folder / "missing/a.txt");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Failure);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("missing/a.txt: No such file or directory"));
  }
}

// A limit on the file size stands for the full disk: both make write() fail half-way.
TEST(AtomicFile, KeepsTheOldContentWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a.txt", "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file_atomically(folder / "a.txt", std::string(100, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content_of(folder / "a.txt"), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(RefuseToOverwrite, RefusesWhatExistsUnlessForced) {
  const TemporaryFolder folder;
  EXPECT_NO_THROW(refuse_to_overwrite(folder / "new.csv", false));
  write_file_atomically(folder / "old.csv", "x");
  EXPECT_NO_THROW(refuse_to_overwrite(folder / "old.csv", true));
  try {
    refuse_to_overwrite(folder / "old.csv", false);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Failure);
    EXPECT_EQ(error.what(), (folder / "old.csv").string() + " exists; --force overwrites it");
  }
}

}  // namespace
}  // namespace lumbargrade
