#include "study/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "dicom/test_files.h"
#include "study/made_study.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Entries = std::vector<std::pair<std::string, std::vector<unsigned char>>>;

void write_archive(const std::filesystem::path& path, const Entries& entries) {
  archive* writer = archive_write_new();
  path.extension() == ".zip" ? archive_write_set_format_zip(writer) : archive_write_set_format_ustar(writer);
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  for (const auto& [name, bytes] : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_free(writer);
}

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
