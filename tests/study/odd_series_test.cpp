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

// ---- series that fall apart, in other ways -----------------------------------------------------------------------

int t2_slices(const std::filesystem::path& folder) {
  const Study study = load_study(folder);
  return study.sagittal_t2 ? study.sagittal_t2->slices : 0;
}

TEST(OddSeries, ASeriesUidPerSliceIsOneVolumeWithoutInstanceNumbersToo) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_SeriesInstanceUID, "1.2.3." + std::to_string(100 + i));
    put(dataset, DCM_InstanceNumber, "1");
  });
  EXPECT_EQ(t2_slices(folder.path()), 4);
}

TEST(OddSeries, ASeriesUidAndNumberPerSliceAreOneVolume) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_SeriesInstanceUID, "1.2.3." + std::to_string(100 + i));
    put(dataset, DCM_SeriesNumber, std::to_string(100 + i));
  });
  EXPECT_EQ(t2_slices(folder.path()), 4);
}

/// Two series of one number and description, the second one `offset_mm` beside the first.
void write_two_parts(const std::filesystem::path& folder, double offset_mm, const std::string& echo_ms) {
  for (const int part : {0, 1}) {
    write_series(folder, {.folder = part == 0 ? "a" : "b",
                          .series_uid = part == 0 ? "1.2.3.1" : "1.2.3.2",
                          .description = "T2 sag",
                          .first = sagittal_plane(offset_mm * part),
                          .first_number = 1,
                          .change = [=](DcmDataset& dataset, int) {
                            put(dataset, DCM_SeriesNumber, "5");
                            put(dataset, DCM_EchoTime, part == 0 ? "100" : echo_ms);
                            put(dataset, DCM_RepetitionTime, "4000");
                          }});
  }
}

TEST(OddSeries, PartsOfOneScanInTwoSeriesAreOneVolume) {
  const TemporaryFolder interleaved, behind, repeated, other_echo;
  write_two_parts(interleaved.path(), 2, "100");
  EXPECT_EQ(t2_slices(interleaved.path()), 10);
  write_two_parts(behind.path(), 20, "100");
  EXPECT_EQ(t2_slices(behind.path()), 10);
  write_two_parts(repeated.path(), 0, "100");
  EXPECT_EQ(t2_slices(repeated.path()), 5);
  write_two_parts(other_echo.path(), 20, "80");
  EXPECT_EQ(t2_slices(other_echo.path()), 5);
}

TEST(OddSeries, EchoNumbersThatCountSlicesSplitNothing) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_EchoNumbers, std::to_string(i + 1));
    if (i != 2) put(dataset, DCM_EchoTime, "100");
  });
  EXPECT_EQ(t2_slices(folder.path()), 4);
}

TEST(OddSeries, SlicesThatAreMadeOtherwiseThanTheOthersAreTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 12, 16, 20}, [](DcmDataset& dataset, int i) {
    put(dataset, DCM_EchoTime, i < 4 ? "100" : "80");
    put(dataset, DCM_RepetitionTime, "4000");
  });
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_EQ(study.sagittal_t2->slices, 4);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("2 images are not used beside the 4 in use: they differ in echo")));
}

TEST(OddSeries, ImpossibleTimesYieldToTheDescription) {
  const auto has_t1 = [](const std::string& echo, const std::string& repetition) {
    const TemporaryFolder folder;
    write_series(folder.path(), {.description = "T1 sag", .change = [&](DcmDataset& dataset, int) {
                                   put(dataset, DCM_EchoTime, echo);
                                   put(dataset, DCM_RepetitionTime, repetition);
                                 }});
    return load_study(folder.path()).sagittal_t1.has_value();
  };
  EXPECT_TRUE(has_t1("12000", "500000"));  // microseconds
  EXPECT_TRUE(has_t1("500", "12"));        // swapped
  EXPECT_TRUE(has_t1("-12", "500"));
  EXPECT_TRUE(has_t1("1e300", "500"));
  EXPECT_TRUE(has_t1("12", "0.5"));     // TR in seconds
  EXPECT_FALSE(has_t1("700", "8000"));  // a myelography, whatever it is called
}

TEST(OddSeries, PatientsAreToldApartByNameAndBirthDateToo) {
  const auto warnings_with = [](const DcmTagKey& tag, const char* one, const char* other) {
    const TemporaryFolder folder;
    write_numbered(folder.path(), {0, 4, 8}, [&](DcmDataset& dataset, int i) {
      put(dataset, DCM_PatientID, "ANON");
      put(dataset, tag, i == 0 ? one : other);
    });
    return load_study(folder.path()).warnings;
  };
  EXPECT_THAT(warnings_with(DCM_PatientName, "Doe^Jane", "Roe^John"), Contains(HasSubstr("2 patients (PatientName)")));
  EXPECT_THAT(warnings_with(DCM_PatientBirthDate, "19500101", "19800202"), Contains(HasSubstr("(PatientBirthDate)")));
  EXPECT_THAT(warnings_with(DCM_PatientName, "DOE^JANE^^", "Doe^Jane"), testing::Not(Contains(HasSubstr("patients"))));
}

TEST(OddSeries, PlacesInMetresOrKilometresAreRefusedByName) {
  for (const double scale : {1e-3, 1e-4, 1e-6}) {
    const TemporaryFolder folder;
    write_numbered(folder.path(), {0, 4 * scale, 8 * scale, 12 * scale, 16 * scale});
    const Study study = load_study(folder.path());
    EXPECT_FALSE(study.sagittal_t2) << scale;
    EXPECT_THAT(study.warnings, Contains(HasSubstr("implausible ImagePositionPatient"))) << scale;
  }
}

TEST(OddSeries, PlacesThatContradictTheThicknessAreRefusedByName) {
  for (const double scale : {0.1, 10.0}) {
    const TemporaryFolder folder;
    write_numbered(folder.path(), {0, 4 * scale, 8 * scale, 12 * scale},
                   [](DcmDataset& dataset, int) { put(dataset, DCM_SliceThickness, "3.5"); });
    EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("implausible ImagePositionPatient"))) << scale;
  }
}

TEST(OddSeries, ASliceThatIsThereTwiceAtRoundedPlacesCountsOnce) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8, 8.1, 12, 16}, [](DcmDataset& dataset, int i) {
    const std::vector<Uint16> pixels(48, static_cast<Uint16>(i == 3 ? 2 : i));
    dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), 48);
  });
  EXPECT_EQ(t2_slices(folder.path()), 5);
}

TEST(OddSeries, AnOffsetBelowZeroIsTakenOff) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8}, [](DcmDataset& dataset, int) {
    put(dataset, DCM_RescaleSlope, "1");
    put(dataset, DCM_RescaleIntercept, "-700");
  });
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t2);
  EXPECT_GE(*std::min_element(study.sagittal_t2->voxels.begin(), study.sagittal_t2->voxels.end()), -2);
  EXPECT_THAT(study.warnings, Contains(HasSubstr("values below zero")));
}

TEST(OddSeries, ASlopeThatIsNoNumberIsTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8}, [](DcmDataset& dataset, int) {
    put(dataset, DCM_RescaleSlope, "1.5x");
    put(dataset, DCM_RescaleIntercept, "0");
  });
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("RescaleSlope holds no number, taken as 1")));
}

TEST(OddSeries, SeveralEchoTimesInOneImageTellNothing) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.description = "T2 sag", .change = [](DcmDataset& dataset, int) {
                                 put(dataset, DCM_EchoTime, "12\\96");
                                 put(dataset, DCM_RepetitionTime, "600");
                               }});
  EXPECT_TRUE(load_study(folder.path()).sagittal_t2);
}

TEST(OddSeries, OfTwoT1SeriesTheOneThatSaysLessIsThePlainOne) {
  const TemporaryFolder folder;
  write_series(folder.path(), {.folder = "post", .series_uid = "1.1", .description = "T1 SAG sau tiem", .slices = 6});
  write_series(folder.path(), {.folder = "plain", .series_uid = "1.2", .description = "T1 SAG", .slices = 5});
  const Study study = load_study(folder.path());
  ASSERT_TRUE(study.sagittal_t1);
  EXPECT_EQ(study.sagittal_t1->series_instance_uid, "1.2");
}

TEST(OddSeries, ASignBeforeANumberIsReadOnce) {
  const auto pixel_mm = [](const std::string& spacing) {
    const TemporaryFolder folder;
    write_numbered(folder.path(), {0, 4, 8},
                   [&](DcmDataset& dataset, int) { put(dataset, DCM_PixelSpacing, spacing); });
    const Study study = load_study(folder.path());
    return study.sagittal_t2 ? spacing_mm(study.sagittal_t2->patient_from_index).x() : 0.0;
  };
  EXPECT_NEAR(pixel_mm("+1.105\\+1.105"), 1.105, 1e-9);
  EXPECT_NEAR(pixel_mm(" 1.105 \\\t1.105"), 1.105, 1e-9);
  EXPECT_NEAR(pixel_mm("1.105E+0\\0.1105e1"), 1.105, 1e-9);
  EXPECT_EQ(pixel_mm("++1.105\\1.105"), 0);
  EXPECT_EQ(pixel_mm("+-1.105\\1.105"), 0);
  EXPECT_EQ(pixel_mm("1,105,0\\1.105"), 0);
}

TEST(OddSeries, LinksThatLeadNowhereAreTold) {
  const TemporaryFolder folder;
  write_numbered(folder.path(), {0, 4, 8});
  std::filesystem::create_symlink("../annex/not-there", folder.path() / "t2" / "9.dcm");
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("1 link leads nowhere")));
}

TEST(OddSeries, LinkedFoldersAreToldByTheirNumber) {
  const TemporaryFolder folder, other;
  write_numbered(folder.path(), {0, 4, 8});
  std::filesystem::create_directory_symlink(other.path(), folder.path() / "linked");
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("1 linked folder was not followed")));
  std::filesystem::create_directory_symlink(other.path(), folder.path() / "linked2");
  EXPECT_THAT(load_study(folder.path()).warnings, Contains(HasSubstr("2 linked folders were not followed")));
}

}  // namespace
}  // namespace lumbargrade
