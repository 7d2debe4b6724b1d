#include "study/study.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "study/made_study.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

fs::path spider_study(const std::string& study) {
  return fs::path(LUMBARGRADE_SHARED) / "data/spider/train_images" / study;
}

#define REQUIRE_SHARED_DATA(path) \
  if (!fs::exists(path)) GTEST_SKIP() << "needs " << (path) << ", which is not part of the repository"

TEST(LoadStudy, ReadsAStudyInTheChallengeLayout) {
  REQUIRE_SHARED_DATA(spider_study("900005"));
  const Study study = load_study(spider_study("900005"));
  EXPECT_EQ(study.study_id, "900005");
  EXPECT_THAT(study.warnings, IsEmpty());
  ASSERT_EQ(study.series.size(), 1u);
  EXPECT_EQ(study.series[0].folder, "9000052");
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_FALSE(study.sagittal_t1);
  EXPECT_EQ(study.sagittal_t2->slices, 18);
  EXPECT_EQ(study.sagittal_t2->rows, 640);
  EXPECT_EQ(study.sagittal_t2->columns, 512);
  // Header of 1.dcm: position -7.65\-120\150, columns towards +y, rows towards -z, 0.46875 mm, 0.9 mm apart.
  // The normal points to -x, so the volume starts with the last instance.
  const Vector3 corner = study.sagittal_t2->patient_from_index * Vector3(0, 0, 0);
  EXPECT_NEAR(corner.x(), -7.65 + 17 * 0.9, 1e-6);
  EXPECT_NEAR(corner.y(), -120, 1e-6);
  const Vector3 step = study.sagittal_t2->patient_from_index * Vector3(1, 2, 3) - corner;
  EXPECT_NEAR((step - Vector3(-2.7, 0.46875, -2 * 0.46875)).norm(), 0, 1e-6);
}

/// Sagittal T1 and T2 and axial T2 with the challenge's quirks: no times, no modality, repeated SOP instance UIDs, a
/// frame of reference of its own per series.
void write_challenge_study(const fs::path& study) {
  const auto strip = [](const std::string& frame_of_reference) {
    return [=](DcmDataset& dataset, int) {
      for (const DcmTagKey& tag : {DCM_SOPClassUID, DCM_Modality}) dataset.findAndDeleteElement(tag);
      put(dataset, DCM_FrameOfReferenceUID, frame_of_reference);
    };
  };
  write_series(study, {.folder = "11", .series_uid = "9.1", .description = "T1", .change = strip("1.1")});
  write_series(study, {.folder = "12", .series_uid = "9.2", .description = "T2", .change = strip("1.2")});
  write_series(
      study,
      {.folder = "13", .series_uid = "9.3", .description = "T2", .first = axial_plane(0), .change = strip("1.3")});
  write_series(study, {.folder = "13",
                       .series_uid = "9.3",
                       .description = "T2",
                       .first = axial_plane(50, 25),
                       .slices = 3,
                       .first_number = 6,
                       .change = strip("1.3")});
}

TEST(LoadStudy, FindsTheThreeRolesInTheChallengesFiles) {
  const TemporaryFolder folder;
  write_challenge_study(folder / "77");
  const Study study = load_study(folder / "77");
  EXPECT_EQ(study.study_id, "77");
  ASSERT_TRUE(study.sagittal_t1 && study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t1->series_instance_uid, "9.1");
  EXPECT_EQ(study.sagittal_t2->series_instance_uid, "9.2");
  EXPECT_EQ(study.axial_t2.size(), 2u);
}

TEST(LoadStudy, KeepsSeriesApartThatShareTheirUid) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "11", .series_uid = "9", .description = "T1"});
  write_series(folder.path(), {.folder = "12", .series_uid = "9", .description = "T2"});
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.series.size(), 2u);
  EXPECT_TRUE(study.sagittal_t1 && study.sagittal_t2);
}

TEST(LoadStudy, JoinsASeriesThatIsSpreadOverFolders) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "DIR000/A"});
  write_series(folder.path(), {.folder = "DIR000/B", .first = sagittal_plane(-28), .first_number = 6});
  const Study study = load_study(folder.path());
  ASSERT_EQ(study.series.size(), 1u);
  EXPECT_EQ(study.sagittal_t2->slices, 10);
}

TEST(LoadStudy, GoesOnWithoutFilesThatCannotBeRead) {
  const TemporaryFolder folder;
  write_series(folder.path(), {});
  write_bytes(folder / "1/3.dcm", {});
  auto cut = made_bytes(made_slice({}, 3));
  cut.resize(cut.size() / 2);
  write_bytes(folder / "1/4.dcm", cut);
  write_bytes(folder / "notes.txt", {'a'});
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.sagittal_t2->slices, 3);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("4.dcm is damaged or cut off")));
  EXPECT_THAT(study.warnings, Contains(HasSubstr("2 files that are not DICOM were left out")));
}

TEST(LoadStudy, LeavesOtherModalitiesAndScoutsAlone) {
  const TemporaryFolder folder;
  write_series(folder.path(), {});
  write_series(folder.path(),
               {.folder = "ct", .series_uid = "8", .change = [](DcmDataset& d, int) { put(d, DCM_Modality, "CT"); }});
  write_series(folder.path(), {.folder = "scout", .series_uid = "7", .description = "scout T2"});
  write_series(folder.path(), {.folder = "report", .series_uid = "6", .slices = 1, .change = [](DcmDataset& d, int) {
                                 d.findAndDeleteElement(DCM_PixelData);
                                 put(d, DCM_Modality, "SR");
                               }});
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.series.size(), 4u);
  EXPECT_EQ(study.sagittal_t2->series_instance_uid, "1.2.3.1");
  EXPECT_EQ(std::count_if(study.series.begin(), study.series.end(), [](const auto& s) { return s.used; }), 1);
}

TEST(LoadStudy, KeepsASecondSeriesOfARoleAsAnAlternative) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "few", .series_uid = "1", .slices = 3});
  write_series(folder.path(), {.folder = "many", .series_uid = "2", .slices = 9});
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.sagittal_t2->series_instance_uid, "2");
  EXPECT_EQ(study.series[0].role, SeriesRole::SagittalT2);
  EXPECT_FALSE(study.series[0].used);
}

/// A sagittal series whose field of view starts at `top_mm` and is 300 mm high.
MadeSeries station(const std::string& uid, double top_mm, const std::string& description = "T2 sag") {
  return {.folder = uid,
          .series_uid = uid,
          .description = description,
          .first = {Vector3(-8, -10, top_mm), Vector3::UnitY(), -Vector3::UnitZ(), 300.0 / 7, 1.0}};
}

TEST(LoadStudy, TakesTheLowestStationOfAWholeSpineForTheLumbarOne) {
  const TemporaryFolder folder;
  write_series(folder.path(), station("1", 650));
  write_series(folder.path(), station("2", 370));
  write_series(folder.path(), station("3", 650, "T1 sag"));
  write_series(folder.path(), station("4", 370, "T1 sag"));
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.sagittal_t2->series_instance_uid, "2");
  EXPECT_EQ(study.sagittal_t1->series_instance_uid, "4");
  EXPECT_THAT(study.series[0].evidence, HasSubstr("beside the lumbar spine"));
}

TEST(LoadStudy, TakesTheStationThatTheAxialSeriesCross) {
  const TemporaryFolder folder;
  for (const auto& [uid, top_mm] : {std::pair("1", 650.0), {"2", 370.0}, {"3", 90.0}}) {
    write_series(folder.path(), station(uid, top_mm));
  }
  write_series(folder.path(), {.folder = "4", .series_uid = "4", .first = axial_plane(150), .slices = 20});
  EXPECT_EQ(load_study(folder.path()).sagittal_t2->series_instance_uid, "2");
}

TEST(LoadStudy, TakesTheLumbarStationOfOneSeries) {
  const TemporaryFolder folder;
  MadeSeries upper = station("1", 650), lower = station("1", 370);
  lower.first_number = 6;
  write_series(folder.path(), upper);
  write_series(folder.path(), lower);
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 5);
  EXPECT_NEAR(study.sagittal_t2->patient_from_index.translation().z(), 370, 1e-6);
  ASSERT_EQ(study.series[0].blocks.size(), 2u);
}

TEST(LoadStudy, TakesNothingOfASeriesThatHoldsDiffusionWeightedImages) {
  const TemporaryFolder folder;
  for (const double b : {0.0, 500.0}) {
    write_series(folder.path(), {.first_number = b > 0 ? 6 : 1,
                                 .change = [=](DcmDataset& d, int) { d.putAndInsertFloat64(DCM_DiffusionBValue, b); }});
  }
  const Study study = load_study(folder.path());
  EXPECT_FALSE(study.sagittal_t2);
  EXPECT_THAT(study.series[0].evidence, HasSubstr("diffusion"));
}

TEST(LoadStudy, LeavesOutFilesThatAreThereTwice) {
  const TemporaryFolder folder;
  const MadeSeries axial = {.folder = "a", .first = axial_plane(0)};
  write_series(folder.path(), axial);
  fs::copy(folder / "a", folder / "b", fs::copy_options::recursive);
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.axial_t2.size(), 1u);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("5 files are copies of others")));
}

TEST(LoadStudy, KeepsSeriesApartThatShareUidAndFolder) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.description = "T1"});
  write_series(folder.path(), {.description = "T2", .first_number = 6});
  const Study study = load_study(folder.path());
  EXPECT_EQ(study.series.size(), 2u);
  EXPECT_TRUE(study.sagittal_t1);
  EXPECT_TRUE(study.sagittal_t2);
}

TEST(LoadStudy, CallsSeriesByTheirUidWhereTheyShareAFolder) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "flat", .series_uid = "9.1", .description = "T2"});
  write_series(folder.path(), {.folder = "flat", .series_uid = "9.2", .description = "T2", .first_number = 6});
  EXPECT_EQ(load_study(folder.path()).series.at(1).name, "9.2");
  EXPECT_EQ(load_study(folder.path(), {.sagittal_t2 = "9.2"}).sagittal_t2->series_instance_uid, "9.2");
  EXPECT_THROW(load_study(folder.path(), {.sagittal_t2 = "flat"}), Error);
}

TEST(LoadStudy, TellsOncePerSeriesWhatTheReaderCorrected) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.change = [](DcmDataset& d, int) {
                 put(d, DCM_PhotometricInterpretation, "MONOCHROME1");
                 put(d, DCM_RescaleSlope, "0");
                 d.findAndDeleteElement(DCM_StudyInstanceUID);
               }});
  EXPECT_THAT(load_study(folder.path()).warnings,
              testing::UnorderedElementsAre(HasSubstr("5 files without StudyInstanceUID"),
                                            HasSubstr("series 1: 5 files: MONOCHROME1, inverted"),
                                            HasSubstr("series 1: 5 files: RescaleSlope 0")));
}

TEST(LoadStudy, FollowsTheUsersChoice) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "few", .series_uid = "1", .slices = 3});
  write_series(folder.path(), {.folder = "many", .series_uid = "2", .slices = 9});
  EXPECT_EQ(load_study(folder.path(), {.sagittal_t2 = "few"}).sagittal_t2->series_instance_uid, "1");
  EXPECT_EQ(load_study(folder.path(), {.sagittal_t2 = "1"}).sagittal_t2->series_instance_uid, "1");
  EXPECT_EQ(load_study(folder.path(), {.sagittal_t1 = "few"}).sagittal_t1->series_instance_uid, "1");
  EXPECT_THROW(load_study(folder.path(), {.sagittal_t2 = "none"}), Error);
}

TEST(LoadStudy, TakesEveryAxialSeriesThatTheUserNames) {
  const TemporaryFolder folder;
  for (const char* uid : {"1", "2", "3"}) {
    write_series(folder.path(), {.folder = uid, .series_uid = uid, .description = "?", .first = axial_plane(0)});
  }
  EXPECT_THAT(load_study(folder.path()).axial_t2, IsEmpty());
  const Study study = load_study(folder.path(), {.axial_t2 = {"3", "1"}});
  ASSERT_EQ(study.axial_t2.size(), 2u);
  EXPECT_FALSE(study.series[1].used);
  EXPECT_EQ(study.series[0].evidence, "chosen by the user");
}

TEST(LoadStudy, FollowsTheTableOfSeriesDescriptions) {
  const TemporaryFolder folder;
  write_series(folder / "77", {.folder = "5", .description = "?"});
  std::ofstream(folder / "table.csv")
      << "study_id,series_id,series_description\r\n77,5,Sagittal T1\r\n78,5,Axial T2\r\n";
  const Study study = load_study(folder / "77", {.series_descriptions = folder / "table.csv"});
  EXPECT_TRUE(study.sagittal_t1);
  EXPECT_EQ(study.series[0].evidence, "series_descriptions: Sagittal T1");
}

TEST(LoadStudy, TellsWhatTheTableOfSeriesDescriptionsSaysInVain) {
  const TemporaryFolder folder;
  write_series(folder / "77", {.folder = "5", .description = "?"});
  const auto warnings_of = [&](const std::string& rows) {
    std::ofstream(folder / "table.csv") << "study_id,series_id,series_description\n" << rows;
    const Study study = load_study(folder / "77", {.series_descriptions = folder / "table.csv"});
    return std::pair(study.warnings, study.sagittal_t1.has_value());
  };
  EXPECT_EQ(warnings_of("77.0,5.0,sagittal t1 \n"), std::pair(std::vector<std::string>(), true));
  EXPECT_THAT(warnings_of("77,6,Sagittal T1\n").first,
              testing::Contains(testing::HasSubstr("line 2 is not used: the study has no series 6")));
  EXPECT_THAT(warnings_of("77,5,T1 Dixon\n").first,
              testing::Contains(testing::HasSubstr("\"T1 Dixon\" of series 5 names no role")));
  EXPECT_THAT(warnings_of("78,5,Sagittal T1\n").first,
              testing::Contains(testing::HasSubstr("has no row of the study 77")));
}

TEST(LoadStudy, AsksWhichOfSeveralStudies) {
  const TemporaryFolder folder;
  write_series(folder / "a", {.study_uid = "1.1"});
  write_series(folder / "b", {.study_uid = "1.2"});
  EXPECT_THROW(load_study(folder.path()), Error);
  EXPECT_EQ(load_study(folder.path(), {.study_uid = "1.2"}).study_id, "1.2");
  EXPECT_EQ(load_study(folder.path(), {.study_uid = "a"}).study_instance_uid, "1.1");
  EXPECT_THROW(load_study(folder.path(), {.study_uid = "c"}), Error);
}

TEST(LoadStudy, RefusesFoldersWithoutDicom) {
  const TemporaryFolder folder;
  EXPECT_THROW(load_study(folder.path()), Error);
  EXPECT_THROW(load_study(folder / "missing"), Error);
}

TEST(LoadStudy, PutsTheThreePatientPositionsWhereTheirHeadersSay) {
  // The same plane scanned supine, prone and on the left side: patient coordinates already say which way is up.
  for (const char* position : {"HFS", "HFP", "HFDL"}) {
    const auto volumes = load_series(fs::path(LUMBARGRADE_TEST_DATA) / "dicom/dcm_qa_decubitus" / position);
    ASSERT_EQ(volumes.size(), 1u) << position;
    ASSERT_EQ(volumes[0].slices, 3) << position;
    for (int slice = 0; slice < 3; ++slice) {
      const Vector3 expected = volumes[0].sources[static_cast<size_t>(slice)].position_patient;
      EXPECT_NEAR((volumes[0].patient_from_index * Vector3(0, 0, slice) - expected).norm(), 0, 1e-4) << position;
    }
    // Columns run to the patient's back and rows to the feet in all three, however the patient lay.
    const auto axes = volumes[0].patient_from_index.linear();
    EXPECT_GT(axes.col(0).normalized().y(), 0.99) << position;
    EXPECT_LT(axes.col(1).normalized().z(), -0.99) << position;
  }
}

}  // namespace
}  // namespace lumbargrade
