#include "study/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <numeric>

#include "core/error.h"
#include "dicom/test_files.h"
#include "study/made_archive.h"
#include "study/made_study.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Entries study_entries() {
  Entries entries;
  for (int i = 0; i < 5; ++i)
    entries.emplace_back("study/1/" + std::to_string(i + 1) + ".dcm", made_bytes(made_slice({}, i)));
  entries.emplace_back("study/readme.txt", std::vector<unsigned char>{'h', 'i'});
  return entries;
}

TEST(LoadStudy, ReadsAZipAndATarWithoutUnpackingThem) {
  const TemporaryFolder folder;
  for (const char* name : {"study.zip", "study.tar"}) {
    write_archive(folder / name, study_entries());
    const Study study = load_study(folder / name);
    EXPECT_EQ(study.study_id, "study");
    ASSERT_TRUE(study.sagittal_t2) << name;
    EXPECT_EQ(study.sagittal_t2->slices, 5);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}),
              name == std::string("study.zip") ? 1 : 2);
  }
}

TEST(ForEachEntry, KeepsClimbingNamesAsNamesOnly) {
  const TemporaryFolder folder;
  write_archive(folder / "climb.tar", {{"../../../1.dcm", made_bytes(made_slice({}, 0))}});
  std::vector<std::string> names;
  for_each_entry(folder / "climb.tar", [&](const ArchiveEntry& entry) { names.push_back(entry.name); });
  EXPECT_THAT(names, ElementsAre("../../../1.dcm"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ForEachEntry, DoesNotUnpackWhatIsNoDicom) {
  const TemporaryFolder folder;
  write_archive(folder / "bomb.zip", {{"zeros", std::vector<unsigned char>(size_t{64} << 20)}});
  size_t largest = 0;
  for_each_entry(folder / "bomb.zip",
                 [&](const ArchiveEntry& entry) { largest = std::max(largest, entry.bytes.bytes.size()); });
  EXPECT_LE(largest, size_t{1} << 20);
}

TEST(ForEachEntry, RefusesAnArchiveThatUnpacksToMoreThanImagesCompressTo) {
  const TemporaryFolder folder;
  std::vector<unsigned char> bytes = made_bytes(made_slice({}, 0));
  bytes.resize(size_t{80} << 20);  // zeros behind the pixels, which shrink to a thousandth
  write_archive(folder / "bomb.zip", {{"1.dcm", bytes}});
  try {
    for_each_entry(folder / "bomb.zip", [](const ArchiveEntry&) {});
    FAIL() << "was unpacked";
  } catch (const Error& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("unpacks to more than 64 MiB"));
  }
}

TEST(ForEachEntry, UnpacksNoMoreThanIsWanted) {
  const TemporaryFolder folder;
  for (const char* name : {"study.zip", "study.tar"}) {
    Entries entries = study_entries();
    entries[0].second.resize(size_t{8} << 20);
    write_archive(folder / name, entries);
    std::vector<size_t> sizes;
    const auto take = [&](const ArchiveEntry& entry) { sizes.push_back(entry.bytes.bytes.size()); };
    for_each_entry(folder / name, take, {}, size_t{1} << 18);
    ASSERT_EQ(sizes.size(), entries.size()) << name;
    EXPECT_EQ(sizes.front(), size_t{1} << 18) << name;
    EXPECT_EQ(sizes[1], entries[1].second.size()) << name;
  }
}

TEST(ForEachEntry, RefusesATarThatUnpacksToTerabytesBeforeItDoes) {
  const TemporaryFolder folder;
  write_archive(folder / "bomb.tar", {{"zeros", std::vector<unsigned char>(512)}});
  // The size stands as octal digits 124 bytes into the header, whose checksum stands as octal digits 148 bytes into it.
  std::vector<unsigned char> bytes = file_bytes(folder / "bomb.tar");
  const std::string size = "77777777777";
  std::copy(size.begin(), size.end(), bytes.begin() + 124);
  std::fill_n(bytes.begin() + 148, 8, static_cast<unsigned char>(' '));
  const int sum = std::accumulate(bytes.begin(), bytes.begin() + 512, 0);
  std::snprintf(reinterpret_cast<char*>(bytes.data() + 148), 8, "%06o", sum);
  write_bytes(folder / "bomb.tar", bytes);
  EXPECT_THROW(for_each_entry(folder / "bomb.tar", [](const ArchiveEntry&) {}), Error);
}

TEST(LoadStudy, BelievesWhatAnArchiveHoldsAndNotTheSizesThatItClaims) {
  const TemporaryFolder folder;
  write_archive(folder / "study.zip", study_entries());
  std::vector<unsigned char> bytes = file_bytes(folder / "study.zip");
  for (const bool is_central : {false, true}) {
    // The unpacked size stands 22 bytes into a local header (PK 3 4), 24 into the directory's (PK 1 2).
    const std::array<unsigned char, 4> mark = {'P', 'K', is_central ? uint8_t{1} : uint8_t{3},
                                               is_central ? uint8_t{2} : uint8_t{4}};
    auto at = std::search(bytes.begin(), bytes.end(), mark.begin(), mark.end());
    ASSERT_NE(at, bytes.end());
    std::fill_n(at + (is_central ? 24 : 22), 4, static_cast<unsigned char>(0xF0));
  }
  write_bytes(folder / "lies.zip", bytes);
  const Study study = load_study(folder / "lies.zip");
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_GE(study.sagittal_t2->slices, 4);
}

TEST(LoadStudy, TellsWhereAnArchiveBreaksOff) {
  const TemporaryFolder folder;
  write_archive(folder / "study.tar", study_entries());
  std::filesystem::resize_file(folder / "study.tar", std::filesystem::file_size(folder / "study.tar") / 2);
  const Study study = load_study(folder / "study.tar");
  EXPECT_THAT(study.warnings, testing::Not(IsEmpty()));
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_LT(study.sagittal_t2->slices, 5);
}

TEST(LoadStudy, RefusesAnArchiveThatIsNone) {
  const TemporaryFolder folder;
  write_bytes(folder / "broken.zip", {'P', 'K', 3, 4, 1, 2, 3});
  EXPECT_THROW(load_study(folder / "broken.zip"), Error);
}

}  // namespace
}  // namespace lumbargrade
