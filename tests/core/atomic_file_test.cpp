#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

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

TEST(AtomicFile, RespectsTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = umask(027);
  write_file_atomically(folder / "a.txt", "x");
  umask(before);
  struct stat status {};
  ASSERT_EQ(stat((folder / "a.txt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640U);
}

TEST(AtomicFile, LeavesPipesDevicesAndFoldersAlone) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(folder / "inner");
  std::filesystem::create_symlink("/dev/null", folder / "link");
  for (const char* name : {"pipe", "inner", "link"}) {
    EXPECT_THROW(write_file_atomically(folder / name, "x"), FileError) << name;
    EXPECT_THROW(refuse_to_overwrite(folder / name, true), FileError) << name;
  }
  EXPECT_TRUE(std::filesystem::is_fifo(folder / "pipe"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(files_in(folder.path()), 3);
}

TEST(AtomicFile, OfTwoWritersOfANewFileOneWins) {
  const TemporaryFolder folder;
  AtomicFile first(folder / "a.txt"), second(folder / "a.txt");
  first.write("first", 5);
  second.write("second", 6);
  second.commit(false);
  try {
    first.commit(false);
    FAIL() << "overwrote";
  } catch (const FileError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("--force"));
  }
  EXPECT_EQ(content_of(folder / "a.txt"), "second");
}

TEST(AtomicFile, ASweepTakesOnlyWhatAKilledWriterLeft) {
  const TemporaryFolder folder;
  for (const char* name :
       {".notes.abcdef", ".grades.csv.a1B2c3", ".lumbargrade-partial-", ".lumbargrade-partial-mine", "a.txt"}) {
    std::ofstream(folder / name) << "the user's";
  }
  std::ofstream(folder / ".lumbargrade-partial-0123456789ab") << "half";
  std::filesystem::create_directory(folder / ".lumbargrade-partial-ba9876543210");
  AtomicFile living(folder / "b.txt");
  living.write("half", 4);
  remove_half_written_files(folder.path());
  EXPECT_EQ(files_in(folder.path()), 7);  // the five, the folder and the living writer's
  living.commit();
  EXPECT_EQ(content_of(folder / "b.txt"), "half");
}

}  // namespace
}  // namespace lumbargrade
