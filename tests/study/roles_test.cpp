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
  EXPECT_THAT(evidence("T1 sub"), HasSubstr("subtraction"));
  EXPECT_THAT(evidence("ep2d DWI T2"), HasSubstr("diffusion"));
}

TEST(FindRole, RanksWhatShowsAContrastAgentBehindThePlainSeries) {
  const double plain = candidate({.description = "T1 SAG", .slices = 4}).rank;
  for (const char* description : {"T1 SAG +C", "T1 post gd", "SAG T1 INJ", "T1 SAG IV+", "SAG T1 ENHANCED",
                                  "T1 SAG CONTR", "T1 SAG MAGNEVIST", "\u9020\u5f71 T1 SAG", "T1WI SAG \u589e\u5f3a"}) {
    const Candidate enhanced = candidate({.description = description});
    EXPECT_EQ(enhanced.role, SeriesRole::SagittalT1) << description;
    EXPECT_LT(enhanced.rank, plain - 1) << description;
    EXPECT_THAT(enhanced.evidence, HasSubstr("contrast agent"));
  }
  for (const char* agent : {"-", "NA", "NONE"}) {
    const auto put_agent = [=](DcmDataset& d, int) { put(d, DCM_ContrastBolusAgent, agent); };
    EXPECT_GE(candidate({.description = "T1 SAG", .change = put_agent}).rank, plain) << agent;
  }
}

TEST(FindRole, LetsTheDescriptionDecideWhereTheEchoTimeIsImpossible) {
  EXPECT_EQ(candidate({.description = "T2 sag", .change = times("0.0961", "4")}).role, SeriesRole::SagittalT2);
}

TEST(FindRole, TakesWhatOnlySaysThatNoAgentWasGiven) {
  for (const char* description : {"T1 SAG PRE CONTRAST", "T1 sag w/o contrast", "T1 ohne KM", "T1 sag non-contrast",
                                  "T1 sag post op", "T1 sag+cor"}) {
    EXPECT_EQ(candidate({.description = description}).role, SeriesRole::SagittalT1) << description;
  }
  const auto no_agent = [](DcmDataset& d, int) { put(d, DCM_ContrastBolusAgent, "NO CONTRAST"); };
  EXPECT_EQ(candidate({.description = "T1", .change = no_agent}).role, SeriesRole::SagittalT1);
}

TEST(FindRole, KnowsACodedAgentAndWhetherItWasGiven) {
  const auto agent = [](const char* administered) {
    return [=](DcmDataset& dataset, int) {
      DcmItem* item = nullptr;
      dataset.findOrCreateSequenceItem(DCM_ContrastBolusAgentSequence, item, 0);
      put(*item, DCM_CodeMeaning, "Gadolinium");
      DcmItem* groups = nullptr;
      dataset.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, groups, 0);
      groups->findOrCreateSequenceItem(DCM_ContrastBolusUsageSequence, item, 0);
      put(*item, DCM_ContrastBolusAgentAdministered, administered);
    };
  };
  EXPECT_THAT(candidate({.description = "T1", .change = agent("YES")}).evidence, HasSubstr("contrast agent"));
  EXPECT_EQ(candidate({.description = "T1", .change = agent("NO")}).role, SeriesRole::SagittalT1);
}

TEST(FindRole, KnowsLocalizersInTheLanguagesOfScanners) {
  for (const char* description :
       {"3-pl T2* FGRE S", "T2 3 Plane Loc", "REP\u00c9RAGE T2", "\u00dcbersicht T2", "T2 Survey", "\u5b9a\u4f4d T2",
        "\u041b\u043e\u043a\u0430\u043b\u0438\u0437\u0430\u0442\u043e\u0440 T2"}) {
    const auto in_utf8 = [](DcmDataset& d, int) { put(d, DCM_SpecificCharacterSet, "ISO_IR 192"); };
    EXPECT_THAT(candidate({.description = description, .change = in_utf8}).evidence, HasSubstr("localizer"))
        << description;
  }
}

TEST(FindRole, TakesNeitherFatNorOpposedPhaseImagesOfADixonSequence) {
  const auto in_description = [](const std::string& kind) {
    return candidate({.description = "T2 tse dixon " + kind});
  };
  EXPECT_EQ(in_description("F").role, SeriesRole::None);
  EXPECT_EQ(in_description("opp").role, SeriesRole::None);
  EXPECT_EQ(in_description("W").role, SeriesRole::SagittalT2);
  EXPECT_GT(in_description("in").rank, in_description("W").rank);
  const auto in_image_type = [](const std::string& kind) {
    return candidate({.change = [=](DcmDataset& d, int) { put(d, DCM_ImageType, "DERIVED\\PRIMARY\\" + kind); }});
  };
  EXPECT_EQ(in_image_type("F\\F").role, SeriesRole::None);
  EXPECT_EQ(in_image_type("OP\\OP").role, SeriesRole::None);
  EXPECT_GT(in_image_type("IP\\IP").rank, in_image_type("W\\W").rank);
  EXPECT_EQ(candidate({.description = "T2 ideal fat sat"}).role, SeriesRole::SagittalT2);
}

TEST(FindRole, TakesNoPhaseImagesAndMapsAndMyelographyKnownByItsEcho) {
  EXPECT_THAT(candidate({.description = "T2_Map"}).evidence, HasSubstr("map"));
  const auto phase = [](DcmDataset& d, int) { put(d, DCM_ImageType, "ORIGINAL\\PRIMARY\\P\\ND"); };
  EXPECT_THAT(candidate({.description = "T2", .change = phase}).evidence, HasSubstr("phase"));
  EXPECT_THAT(candidate({.description = "T2 haste", .change = times("920", "4500")}).evidence,
              HasSubstr("myelography, TE 920 ms"));
}

TEST(FindRole, KnowsDiffusionByTheVendorsOwnBValues) {
  const auto with = [](const DcmTagKey& creator_tag, const char* creator, const DcmTagKey& tag, DcmEVR vr,
                       const char* value) {
    return [=](DcmDataset& dataset, int) {
      dataset.putAndInsertString(DcmTag(creator_tag, EVR_LO), creator);
      dataset.putAndInsertString(DcmTag(tag, vr), value);
    };
  };
  const auto siemens = with({0x0019, 0x0010}, "SIEMENS MR HEADER", {0x0019, 0x100C}, EVR_IS, "500");
  const auto ge = with({0x0043, 0x0010}, "GEMS_PARM_01", {0x0043, 0x1039}, EVR_IS, "1000000500\\8\\0\\0");
  const auto ge_b0 = with({0x0043, 0x0010}, "GEMS_PARM_01", {0x0043, 0x1039}, EVR_IS, "1000000000\\8\\0\\0");
  EXPECT_THAT(candidate({.change = siemens}).evidence, HasSubstr("diffusion"));
  EXPECT_THAT(candidate({.change = ge}).evidence, HasSubstr("diffusion"));
  EXPECT_EQ(candidate({.change = ge_b0}).role, SeriesRole::SagittalT2);
}

TEST(FindRole, RanksCapturesAndReformatsBehindTheScannersOwnImages) {
  const auto capture = [](DcmDataset& d, int) { put(d, DCM_SOPClassUID, UID_SecondaryCaptureImageStorage); };
  const auto reformat = [](DcmDataset& d, int) { put(d, DCM_ImageType, "DERIVED\\SECONDARY\\MPR"); };
  EXPECT_GT(candidate({}).rank, candidate({.change = capture}).rank);
  EXPECT_GT(candidate({}).rank, candidate({.change = reformat}).rank);
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
