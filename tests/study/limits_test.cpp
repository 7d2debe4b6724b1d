// What a study may cost: memory, time, and what archives may unpack to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>

#include "core/error.h"
#include "study/files.h"
#include "study/made_study.h"
#include "study/stack_volume.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::HasSubstr;

void write_gzip(const std::filesystem::path& path, const std::vector<unsigned char>& bytes) {
  std::filesystem::create_directories(path.parent_path());
  const gzFile file = gzopen(path.c_str(), "wb1");
  for (size_t at = 0; at < bytes.size();) {
    at += static_cast<size_t>(
        gzwrite(file, bytes.data() + at, static_cast<unsigned>(std::min<size_t>(bytes.size() - at, 1 << 20))));
  }
  gzclose(file);
}

TEST(Gzip, FilesOfAFolderAreReadAsTheyWere) {
  const TemporaryFolder folder;
  for (int i = 0; i < 5; ++i) {
    write_gzip(folder / "t2" / (std::to_string(i + 1) + ".dcm.gz"), made_bytes(made_slice({}, i)));
  }
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 5);
  EXPECT_THAT(study.warnings, testing::IsEmpty());
}

TEST(Gzip, OtherContentAndArchivesInAFolderAreTold) {
  const TemporaryFolder folder;
  write_series(folder.path(), {});
  write_gzip(folder / "image.nii.gz", std::vector<unsigned char>(1000, 7));
  EXPECT_THAT(load_study(folder.path()).warnings,
              Contains(HasSubstr("1 archives or compressed files were not opened")));
}

TEST(Gzip, BombsAreRefused) {
  const TemporaryFolder folder;
  std::vector<unsigned char> bytes = made_bytes(made_slice({}, 0));
  bytes.resize(size_t{80} << 20);  // zeros that shrink to a thousandth
  write_gzip(folder / "1.dcm.gz", bytes);
  const ReadFiles read = read_files(folder / "1.dcm.gz", 1);
  EXPECT_THAT(read.instances, testing::IsEmpty());
  EXPECT_THAT(read.warnings, testing::ElementsAre(testing::ContainsRegex("inflates beyond [0-9]+ MiB; left out")));
}

/// Slices of 4 MB as stored, 8 MB as numbers.
MadeSeries large_series() {
  return {.change = [](DcmDataset& dataset, int) {
    dataset.putAndInsertUint16(DCM_Rows, 1024);
    dataset.putAndInsertUint16(DCM_Columns, 2048);
    put(dataset, DCM_PixelSpacing, "0.1\\0.1");
    const std::vector<Uint16> pixels(size_t{1024} * 2048, 5);
    dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  }};
}

TEST(Memory, OfAStudyIsCountedAndGivenBack) {
  const TemporaryFolder folder;
  write_series(folder.path(), large_series());
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  // The files have been let go; the volume is left.
  EXPECT_EQ(study.memory->whole() - study.memory->left(), size_t{5} * 1024 * 2048 * sizeof(float));
}

TEST(Memory, BeyondTheLimitRefusesTheStudyAndNamesTheOption) {
  const TemporaryFolder folder;
  write_series(folder.path(), {});
  const auto budget = MemoryBudget::of_mib(1024);
  EXPECT_EQ(read_files(folder.path(), 1, budget).instances.size(), 5u);
  const MemoryShare others = budget->take(budget->left() - 4000, "other files");  // each file has about 900 bytes
  try {
    read_files(folder.path(), 1, budget);
    FAIL() << "held more than the limit";
  } catch (const MemoryExceeded& refusal) {
    EXPECT_THAT(refusal.what(), HasSubstr("--memory-limit 1024 MiB"));
  }
}

TEST(Memory, OfVolumesIsRefusedBeforeTheyAreDecoded) {
  std::vector<std::shared_ptr<dicom::Instance>> series;
  for (int i = 0; i < 5; ++i) {
    series.push_back(std::make_shared<dicom::Instance>(dicom::parse_instance(made_bytes(made_slice({}, i)), "1.dcm")));
  }
  const auto budget = MemoryBudget::of_mib(1024);
  const MemoryShare others = budget->take(budget->left() - 500, "other files");
  std::vector<std::string> warnings;
  EXPECT_THROW(decode_volume(make_stacks(series).stacks.at(0), 1, warnings, budget), MemoryExceeded);
}

/// One file that holds `frames` images at one place, or as many files.
std::vector<std::shared_ptr<dicom::Instance>> cine(int frames, bool in_one_file) {
  MadeImage image = made_slice({}, 0);
  image.frames = in_one_file ? frames : 1;
  image.pixels.assign(size_t{48} * static_cast<size_t>(image.frames), 9);
  for (size_t i = 0; i < image.pixels.size(); i += 48) image.pixels[i] = static_cast<uint16_t>(i / 48);
  std::vector<unsigned char> bytes = made_bytes(image);
  std::vector<std::shared_ptr<dicom::Instance>> series;
  for (int i = 0; i < (in_one_file ? 1 : frames); ++i) {
    if (!in_one_file) {
      bytes[bytes.size() - 2] = static_cast<unsigned char>(i);
      bytes[bytes.size() - 1] = static_cast<unsigned char>(i >> 8);
    }
    series.push_back(std::make_shared<dicom::Instance>(dicom::parse_instance(bytes, "1.dcm")));
  }
  return series;
}

double seconds_to_stack(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  const auto started = std::chrono::steady_clock::now();
  const Stacks stacks = make_stacks(series);
  EXPECT_FALSE(stacks.stacks.empty());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
}

TEST(Time, OfACineSeriesInOneFileIsThatOfItsImagesInFilesOfTheirOwn) {
  constexpr int kFrames = 2000;
  const double one_file_s = seconds_to_stack(cine(kFrames, true));
  EXPECT_LT(one_file_s, 5);  // .05 s; quadratic work takes minutes
  EXPECT_LT(one_file_s, 3 * seconds_to_stack(cine(kFrames, false)) + 1);
}

TEST(DescriptionsTable, IsReadInOtherSpellingsAndTellsWhatFitsNothing) {
  const TemporaryFolder folder;
  write_series(folder / "77", {.folder = "5", .series_uid = "1.5", .description = "?"});
  write_series(folder / "77", {.folder = "6", .series_uid = "1.6", .description = "?"});
  std::ofstream(folder / "table.csv")
      << "study_id,series_id,series_description\n"
      << "77.0, 5.0,sagittal t1 \n77.0,6.0,Sagittal T2\n77.0,9,Axial T2\n77.0,6,sketch\n";
  const Study study = load_study(folder / "77", {.series_descriptions = folder / "table.csv"});
  EXPECT_TRUE(study.sagittal_t1 && study.sagittal_t2);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("table.csv line 4 is not used: the study has no series 9")));
  EXPECT_THAT(study.warnings,
              Contains(HasSubstr("line 5 is not used: the description \"sketch\" of series 6 names no role")));
}

TEST(DescriptionsTable, WithoutTheStudyIsTold) {
  const TemporaryFolder folder;
  write_series(folder / "77", {});
  std::ofstream(folder / "table.csv") << "study_id,series_id,series_description\n78,1,Sagittal T1\n";
  EXPECT_THAT(load_study(folder / "77", {.series_descriptions = folder / "table.csv"}).warnings,
              Contains(HasSubstr("table.csv has no row of the study 77")));
}

}  // namespace
}  // namespace lumbargrade
