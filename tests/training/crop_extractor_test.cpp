// What training's extractor makes of a study of DICOM files: crops where `grade` cuts them, and crops on the data set's
// coordinates.

#include "training/grader/crop_extractor.h"

#include <gmock/gmock.h>

#include <fstream>

#include "temporary_folder.h"
#include "training/silent_study.h"

namespace lumbargrade {
namespace {

constexpr const char* kStudy = "77";
constexpr const char* kT1 = "1.2.3.1";
constexpr const char* kHeader = "study_id,series_id,instance_number,condition,level,x,y\n";

/// A row of the challenge's table: on slice 11 of 15, which lies at some x of the patient's left.
std::string row(const char* condition, const char* level, int x, int y) {
  return text(kStudy, ",", kT1, ",11,", condition, ",", level, ",", x, ",", y, "\n");
}

View canal_view() {
  View view = foramen_view();
  view.name = "beside";
  view.anchor = Anchor::Canal;
  view.mirrored = false;  // so that both sides of a level see the same
  return view;
}

StudyLabels all_foramina() {
  StudyLabels labels{kStudy, {}};
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (all_findings()[k].condition == Condition::NeuralForaminalNarrowing) labels.labels[k] = Label{};
  }
  return labels;
}

class Cutter : public testing::Test {
 protected:
  Cutter() {
    grader_.locate = [](const Volume&) { return three_levels(); };
    recipe_.networks = {{{Condition::NeuralForaminalNarrowing}, {foramen_view(), canal_view()}, {}}};
    write_silent_series(folder_ / "train_images" / kStudy, kT1, -150);
    write_silent_series(folder_ / "train_images" / kStudy, "1.2.3.2", 150);
  }

  CutStudy cut(const std::string& rows) {
    std::ofstream(folder_ / "coordinates.csv") << kHeader << rows;
    const LabelCoordinates coordinates = read_label_coordinates(folder_ / "coordinates.csv");
    const TrainingFolder folder(folder_.path());
    const StudySource source(folder, grader_);
    return CropExtractor(recipe_, source, coordinates)(all_foramina(), 0);
  }

  static const CutSample& of(const CutStudy& cut, Side side, Level level) {
    for (const CutSample& finding : cut.networks.at(0)) {
      const Finding& which = all_findings()[finding.sample.findings.front().finding];
      if (which.side == side && which.level == level) return finding;
    }
    throw std::runtime_error("the finding is not there");
  }

  TemporaryFolder folder_;
  Grader grader_;
  GraderRecipe recipe_;
};

const std::string kBothSides =
    row("Left Neural Foraminal Narrowing", "L3/L4", 70, 75) + row("Right Neural Foraminal Narrowing", "L3/L4", 95, 90);

TEST_F(Cutter, GivenPointsChangeNothingInTheCropsThatMeasure) {
  const CutStudy plain = cut(""), pointed = cut(kBothSides);
  const CutSample &without = of(plain, Side::Left, Level::L3L4), &with = of(pointed, Side::Left, Level::L3L4);
  ASSERT_TRUE(with.predicted && with.given);
  EXPECT_EQ(*with.predicted, *without.predicted);
  EXPECT_NE(with.given->at(0), with.predicted->at(0));
  EXPECT_FALSE(without.given);
  EXPECT_TRUE(with.offsets.at(0));
}

TEST_F(Cutter, APointOfAnotherLevelIsToldAndTheLevelsConfidenceKept) {
  const CutSample near = of(cut(row("Left Neural Foraminal Narrowing", "L3/L4", 70, 75)), Side::Left, Level::L3L4);
  EXPECT_FALSE(near.sample.is_misnamed) << near.offsets.at(0)->row_mm;
  EXPECT_EQ(near.sample.confidence, three_levels().levels[index_of(Level::L3L4)]->confidence);
  const CutSample far = of(cut(row("Left Neural Foraminal Narrowing", "L3/L4", 70, 115)), Side::Left, Level::L3L4);
  EXPECT_TRUE(far.sample.is_misnamed) << far.offsets.at(0)->row_mm;
  EXPECT_TRUE(far.given && far.predicted);
}

TEST_F(Cutter, AViewThatIsCentredOnTheCanalStaysThereWhenTheForamensPointIsGiven) {
  const CutStudy pointed = cut(kBothSides);
  const CutSample &left = of(pointed, Side::Left, Level::L3L4), &right = of(pointed, Side::Right, Level::L3L4);
  ASSERT_TRUE(left.given && right.given);
  EXPECT_NE(left.given->at(0), right.given->at(0));
  EXPECT_EQ(left.given->at(1), right.given->at(1)) << "both sides see the same canal";
  EXPECT_EQ(left.given->at(1), left.predicted->at(1));
}

TEST_F(Cutter, ALevelThatTheLocatorMissedIsLearnedFromItsCoordinatesAndMeasuredByNone) {
  const CutStudy pointed = cut(row("Left Neural Foraminal Narrowing", "L1/L2", 80, 40));
  const CutSample& finding = of(pointed, Side::Left, Level::L1L2);
  EXPECT_TRUE(finding.given);
  EXPECT_FALSE(finding.predicted);
  const CutSample& other = of(pointed, Side::Right, Level::L1L2);
  EXPECT_FALSE(other.given);
  EXPECT_FALSE(other.predicted);
  const auto told = std::count_if(pointed.skipped.begin(), pointed.skipped.end(), [](const DataProblem& problem) {
    return problem.finding.ends_with("_l1_l2") && problem.reason == "the level was not found";
  });
  EXPECT_EQ(told, 2);
}

TEST_F(Cutter, AStudyThatCannotBeReadKeepsItsFindings) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder_ / "train_images")) {
    if (file.is_regular_file()) std::ofstream(file.path()) << "no DICOM";
  }
  const CutStudy lost = cut(kBothSides);
  ASSERT_EQ(lost.networks.at(0).size(), 10U);
  for (const CutSample& finding : lost.networks[0]) EXPECT_FALSE(finding.given || finding.predicted);
  ASSERT_EQ(lost.skipped.size(), 1U);
  EXPECT_EQ(lost.skipped[0].finding, "");
}

TEST_F(Cutter, ANetworkOfSeveralConditionsSeesEveryLevelWithALabelFromBothSides) {
  View canal = canal_view();
  canal.mirrored = true;
  recipe_.networks = {
      {{Condition::SpinalCanalStenosis, Condition::NeuralForaminalNarrowing}, {foramen_view(), canal}, {}}};
  StudyLabels labels{kStudy, {}};
  const auto label = [&](Condition condition, std::optional<Side> side, Level level, Severity severity) {
    for (size_t k = 0; k < kFindingCount; ++k) {
      if (all_findings()[k] == Finding{condition, side, level}) labels.labels[k] = Label{severity};
    }
  };
  label(Condition::SpinalCanalStenosis, std::nullopt, Level::L3L4, Severity::Severe);
  label(Condition::NeuralForaminalNarrowing, Side::Right, Level::L3L4, Severity::Moderate);
  label(Condition::NeuralForaminalNarrowing, Side::Left, Level::L4L5, Severity::Moderate);
  label(Condition::SpinalCanalStenosis, std::nullopt, Level::L1L2, Severity::Severe);  // not located
  std::ofstream(folder_ / "coordinates.csv") << kHeader;
  const LabelCoordinates coordinates = read_label_coordinates(folder_ / "coordinates.csv");
  const TrainingFolder folder(folder_.path());
  const StudySource source(folder, grader_);
  const CutStudy cut = CropExtractor(recipe_, source, coordinates)(labels, 0);
  const std::vector<CutSample>& samples = cut.networks.at(0);
  ASSERT_EQ(samples.size(), 5U) << "two sides of L1/L2 and of L3/L4, one of L4/L5";
  std::vector<std::optional<Severity>> canals, foramina;
  for (const CutSample& sample : samples) {
    ASSERT_EQ(sample.sample.findings.size(), 2U);
    canals.push_back(sample.sample.findings[0].severity);
    foramina.push_back(sample.sample.findings[1].severity);
  }
  using testing::ElementsAre;
  const std::optional<Severity> none, severe = Severity::Severe, moderate = Severity::Moderate;
  EXPECT_THAT(canals, ElementsAre(severe, severe, none, severe, severe));
  EXPECT_THAT(foramina, ElementsAre(none, none, moderate, none, moderate));
  EXPECT_FALSE(samples[0].predicted);
  ASSERT_TRUE(samples[1].predicted && samples[4].predicted);
  EXPECT_NE(samples[1].predicted->at(1), samples[4].predicted->at(1)) << "the canal, mirrored for the right side";
  const auto told = std::count_if(cut.skipped.begin(), cut.skipped.end(), [](const DataProblem& problem) {
    return problem.finding == "spinal_canal_stenosis_l1_l2";
  });
  EXPECT_EQ(told, 1) << "a canal is lost once, whatever sides it is seen from";
}

TEST_F(Cutter, ARecipeThatWantsPredictedPointsAloneCutsNoOthers) {
  recipe_.points = {0, 1, 0};
  EXPECT_FALSE(of(cut(kBothSides), Side::Left, Level::L3L4).given);
}

TEST(PointErrorOf, IsTheSpreadOfOffsetsWithoutTheFarOnes) {
  // By hand: absolute offsets 0, 1, 1, 2 (twice 40): median 1 of 3 pairs sorted 0 1 1 2 40 40 -> rank 3 of 0..5: 2.
  const auto error = point_error_of({{0, 1, 0}, {-1, 2, 1}, {40, 40, -3}});
  ASSERT_TRUE(error);
  EXPECT_NEAR(error->in_plane_mm, 1.4826 * 2, 1e-9);
  EXPECT_EQ(error->slices, 3);
  EXPECT_EQ(error->count, 3);
  EXPECT_FALSE(point_error_of({}));
}

}  // namespace
}  // namespace lumbargrade
