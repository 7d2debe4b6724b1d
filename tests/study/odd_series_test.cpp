// Series as other people's archives hold them: the right reading of each, with values known from how it was made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "study/made_study.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

using testing::Contains;
using testing::HasSubstr;

std::string refusal_of_study(const std::filesystem::path& path, const StudyOptions& options = {}) {
  try {
    load_study(path, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void write_numbered(
    const std::filesystem::path& folder, const std::vector<double>& offsets_mm,
    const std::function<void(DcmDataset&, int)>& change = [](DcmDataset&, int) {}) {
  for (size_t i = 0; i < offsets_mm.size(); ++i) {
    write_series(folder, {.folder = "t2",
                          .first = sagittal_plane(offsets_mm[i]),
                          .slices = 1,
                          .first_number = static_cast<int>(i) + 1,
                          .change = [&](DcmDataset& dataset, int) { change(dataset, static_cast<int>(i)); }});
  }
}

TEST(OddSeries, AMissingSliceMovesNoOther) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 12, 16, 20});
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_NEAR(spacing_mm(study.sagittal_t2->patient_from_index).z(), 4, 1e-9);
  std::vector<double> places_mm;
  for (const SliceSource& source : study.sagittal_t2->sources) places_mm.push_back(source.position_patient.x());
  std::sort(places_mm.begin(), places_mm.end());
  EXPECT_THAT(places_mm, testing::Pointwise(testing::DoubleNear(1e-6), {0.0, 4.0, 12.0, 16.0, 20.0}));
  EXPECT_THAT(study.warnings, Contains(HasSubstr("1 gap between slices, up to 8 mm where 4 mm is usual")));
}

TEST(OddSeries, AStrayImageIsLeftOutAndTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12, 212});
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 4);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("1 image lies up to 200 mm beside the others")));
}

TEST(OddSeries, SlicesAKilometreApartAreRefusedByName) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 1e6, 2e6, 3e6}, [](DcmDataset& dataset, int) { put(dataset, DCM_Modality, "MR"); });
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("implausible ImagePositionPatient")));
}

TEST(OddSeries, ASeriesUidPerSliceIsOneVolume) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_SeriesInstanceUID, "1.2.3." + std::to_string(100 + i));
  });
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 4);
}

TEST(OddSeries, AnImageTypeThatChangesFromSliceToSliceIsOneVolume) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_ImageType, i % 2 ? "ORIGINAL\\PRIMARY\\M\\ND\\NORM" : "ORIGINAL\\PRIMARY\\M\\ND");
  });
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 4);
}

TEST(OddSeries, ADecimalCommaIsADecimalPoint) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8},
                 [](DcmDataset& dataset, int) { put(dataset, DCM_PixelSpacing, "1,105\\1,105"); });
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_NEAR(spacing_mm(study.sagittal_t2->patient_from_index).x(), 1.105, 1e-9);
}

TEST(OddSeries, ANumberIsNeverCutAtItsFirstOddCharacter) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8},
                 [](DcmDataset& dataset, int) { put(dataset, DCM_PixelSpacing, "1.105mm\\1.105"); });
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("no valid PixelSpacing")));
}

TEST(OddSeries, ImplausibleNumbersAreRefusedByName) {
  const auto warnings_with = [](const DcmTagKey& tag, const std::string& value) {
    const TemporaryFolder folder;
    write_numbered(folder.path(), {0, 4, 8}, [&](DcmDataset& dataset, int) { put(dataset, tag, value); });
    return load_study(folder.path()).warnings;
  };
  EXPECT_THAT(warnings_with(DCM_PixelSpacing, "0.0011\\0.0011"), Contains(HasSubstr("implausible PixelSpacing")));
  EXPECT_THAT(warnings_with(DCM_PixelSpacing, "1105\\1105"), Contains(HasSubstr("implausible PixelSpacing")));
  EXPECT_THAT(warnings_with(DCM_RescaleSlope, "1e36"), Contains(HasSubstr("implausible RescaleSlope")));
}

TEST(OddSeries, TwoPatientsInOneStudyAreTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8},
                 [](DcmDataset& dataset, int i) { put(dataset, DCM_PatientID, i == 0 ? "A" : "B"); });
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("files of 2 patients")));
}

TEST(OddSeries, SeveralStudyUidsAreJoinedOnDemandOnly) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "t2", .series_uid = "1.1", .study_uid = "9.1", .description = "T2"});
  write_series(folder.path(), {.folder = "t1", .series_uid = "1.2", .study_uid = "9.2", .description = "T1"});
  EXPECT_THAT(refusal_of_study(folder.path()), HasSubstr("--join-studies"));
  StudyOptions options;
  options.join_studies = true;
  const Study study = load_study(folder.path(), options);
  EXPECT_TRUE(study.sagittal_t1 && study.sagittal_t2);
}

TEST(OddSeries, OfTwoEchoesTheOneWhoseTimesSaySoIsT2) {
  const TemporaryFolder folder;
  for (const bool is_second : {false, true}) {
    write_series(folder.path(), {.folder = "t2",
                                 .description = "sag PD/T2",
                                 .first_number = is_second ? 6 : 1,
                                 .change = [=](DcmDataset& dataset, int) {
                                   put(dataset, DCM_EchoTime, is_second ? "96" : "15");
                                   put(dataset, DCM_RepetitionTime, "4000");
                                 }});
  }
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->sources.front().instance_number, 6);
}

TEST(OddSeries, LinksThatLeadNowhereAreTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8});
  std::filesystem::create_symlink("../annex/not-there", folder.path() / "t2" / "9.dcm");
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("1 links lead nowhere")));
}

}  // namespace
}  // namespace lumbargrade
