#include "core/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

TEST(Files, AFoldersParentsAreMadeTooAndAFileInTheWayIsNamed) {
  const TemporaryFolder folder;
  make_folder(folder.path() / "a/b/c");
  EXPECT_TRUE(std::filesystem::is_directory(folder.path() / "a/b/c"));
  make_folder(folder.path() / "a/b/c");
  write_file_atomically(folder.path() / "file", "x");
  try {
    make_folder(folder.path() / "file/under");
    FAIL() << "a folder below a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Failure);
    EXPECT_NE(std::string(error.what()).find("file/under"), std::string::npos);
  }
}

TEST(Files, TheTextOfAFileIsItsBytesAndNothingWhereItCannotBeRead) {
  const TemporaryFolder folder;
  const std::string bytes("a\0\r\n\xFF", 5);
  write_file_atomically(folder.path() / "bytes", bytes);
  write_file_atomically(folder.path() / "empty", "");
  EXPECT_EQ(file_text(folder.path() / "bytes"), bytes);
  EXPECT_EQ(file_text(folder.path() / "empty"), "");
  EXPECT_FALSE(file_text(folder.path() / "nowhere"));
}

TEST(Files, APipeAndWhatIsLargerThanAskedForAreNotRead) {
  const TemporaryFolder folder;
  write_file_atomically(folder.path() / "four", "1234");
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(file_text(folder.path() / "four", 4), "1234");
  EXPECT_FALSE(file_text(folder.path() / "four", 3));
  EXPECT_FALSE(file_text(folder.path() / "pipe", 4));
  EXPECT_FALSE(file_text(folder.path(), 1U << 20));
  EXPECT_FALSE(file_text(folder.path() / "nowhere", 4));
}

TEST(Files, WhatIsNotThereIsNotFlushed) {
  const TemporaryFolder folder;
  EXPECT_TRUE(flush_to_disk(folder.path()));
  EXPECT_FALSE(flush_to_disk(folder.path() / "nowhere"));
}

}  // namespace
}  // namespace lumbargrade
