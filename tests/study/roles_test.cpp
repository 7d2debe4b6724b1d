#include "study/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/made_study.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;

Candidate candidate(const MadeSeries& made) {
  std::vector<std::shared_ptr<dicom::Instance>> series;
  for (int i = 0; i < made.slices; ++i) {
    series.push_back(
        std::make_shared<dicom::Instance>(dicom::parse_instance(made_bytes(made_slice(made, i)), "1.dcm")));
  }
  Candidate found = std::move(make_candidates(make_stacks(series).stacks).at(0));
  find_role(found);
  return found;
}

std::function<void(DcmDataset&, int)> times(const std::string& echo, const std::string& repetition,
                                            const std::string& inversion = "") {
  return [=](DcmDataset& dataset, int) {
    put(dataset, DCM_EchoTime, echo);
    put(dataset, DCM_RepetitionTime, repetition);
    if (!inversion.empty()) put(dataset, DCM_InversionTime, inversion);
  };
}

TEST(FindRole, TakesTheDescriptionWhenTheChallengesFilesHaveNoTimes) {
  EXPECT_EQ(candidate({.description = "T2"}).role, SeriesRole::SagittalT2);
  EXPECT_EQ(candidate({.description = "T1"}).role, SeriesRole::SagittalT1);
  EXPECT_EQ(candidate({.description = "T2", .first = axial_plane(0)}).role, SeriesRole::AxialT2);
  EXPECT_EQ(candidate({.description = "T1", .first = axial_plane(0)}).role, SeriesRole::None);
}

TEST(FindRole, TrustsTimesMoreThanWords) {
  const Candidate t2 = candidate({.description = "T1 sag", .change = times("102", "3500")});
  EXPECT_EQ(t2.role, SeriesRole::SagittalT2);
  EXPECT_THAT(t2.evidence, HasSubstr("TE 102 ms, TR 3500 ms against description \"T1 sag\""));
  EXPECT_EQ(candidate({.description = "", .change = times("9", "600")}).role, SeriesRole::SagittalT1);
}

TEST(FindRole, TakesStirForT2AndFlairForT1) {
  EXPECT_EQ(candidate({.description = "", .change = times("45", "4000", "160")}).role, SeriesRole::SagittalT2);
  EXPECT_EQ(candidate({.description = "", .change = times("9", "2100", "860")}).role, SeriesRole::SagittalT1);
  EXPECT_EQ(candidate({.description = "", .change = times("15", "3000")}).role, SeriesRole::None);  // proton density
}

TEST(FindRole, LeavesGradientEchoesToTheirDescription) {
  const auto gradient = [](DcmDataset& dataset, int) {
    put(dataset, DCM_ScanningSequence, "GR");
    put(dataset, DCM_EchoTime, "12");
    put(dataset, DCM_RepetitionTime, "500");
  };
  EXPECT_EQ(candidate({.description = "t2_me2d_tra", .first = axial_plane(0), .change = gradient}).role,
            SeriesRole::AxialT2);
  EXPECT_EQ(candidate({.description = "medic", .first = axial_plane(0), .change = gradient}).role, SeriesRole::None);
}

TEST(FindRole, TakesNothingForARoleThatWasMadeForSomethingElse) {
  const auto evidence = [](const std::string& description) {
    const Candidate found = candidate({.description = description});
    EXPECT_EQ(found.role, SeriesRole::None) << description;
    return found.evidence;
  };
  EXPECT_THAT(evidence("T2 Localizer"), HasSubstr("localizer"));
  EXPECT_THAT(evidence("T2 Lokalisator"), HasSubstr("localizer"));
  EXPECT_THAT(evidence("MR Myelo T2"), HasSubstr("myelography"));
  EXPECT_THAT(evidence("T1 SAG +C"), HasSubstr("contrast agent"));
  EXPECT_THAT(evidence("T1 post gd"), HasSubstr("contrast agent"));
  EXPECT_THAT(evidence("T1 sub"), HasSubstr("subtraction"));
  EXPECT_THAT(evidence("ep2d DWI T2"), HasSubstr("diffusion"));
  const auto with_agent = [](DcmDataset& d, int) { put(d, DCM_ContrastBolusAgent, "Dotarem"); };
  EXPECT_EQ(candidate({.description = "T1", .change = with_agent}).role, SeriesRole::None);
}

TEST(FindRole, SaysWhenTheWeightingIsUnknown) {
  const Candidate found = candidate({.description = "sag"});
  EXPECT_EQ(found.role, SeriesRole::None);
  EXPECT_THAT(found.evidence, HasSubstr("weighting unknown"));
}

TEST(FindRole, RanksALumbarSpineAboveANeck) {
  EXPECT_GT(candidate({.description = "T2 sag"}).rank, candidate({.description = "T2 sag C-spine cervical"}).rank);
}

TEST(MakeCandidates, KeepsSteeplyAngledBlocksWithTheirAxialSeries) {
  std::vector<std::shared_ptr<dicom::Instance>> series;
  for (const ImagePlane& plane : {axial_plane(0), axial_plane(60, 55)}) {
    for (int i = 0; i < 3; ++i) {
      const MadeImage image = made_slice({.first = plane}, i);
      series.push_back(std::make_shared<dicom::Instance>(dicom::parse_instance(made_bytes(image), "1.dcm")));
    }
  }
  const auto candidates = make_candidates(make_stacks(series).stacks);
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].blocks.size(), 2u);
}

}  // namespace
}  // namespace lumbargrade
