#include "training/grader/training_set.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

class TrainingFolders : public testing::Test {
 protected:
  void add_images(const std::string& part, const std::vector<std::string>& studies) {
    for (const std::string& study : studies) std::filesystem::create_directories(folder_ / part / study);
  }

  void add_labels(const std::vector<std::string>& studies, const std::string& grade = "Moderate") {
    std::ofstream file(folder_ / "train.csv");
    file << "study_id";
    for (const Finding& finding : all_findings()) file << ',' << finding_key(finding);
    for (const std::string& study : studies) {
      file << '\n' << study;
      for (int k = 0; k < kFindingCount; ++k) file << ',' << grade;
    }
    file << '\n';
  }

  std::string refusal() {
    try {
      labelled_studies(TrainingFolder(folder_.path()));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

  TemporaryFolder folder_;
};

TEST_F(TrainingFolders, LabelsWithoutImagesAndImagesWithoutLabelsAreListedAndLeftOut) {
  add_images("train_images", {"1", "2", "3"});
  add_labels({"2", "9", "3"});
  const TrainingSet set = labelled_studies(TrainingFolder(folder_.path()));
  ASSERT_EQ(set.studies.size(), 2U);
  EXPECT_EQ(set.studies[0].study_id, "2");
  EXPECT_EQ(set.studies[1].study_id, "3");
  ASSERT_EQ(set.problems.size(), 2U);
  EXPECT_EQ(set.problems[0].study_id, "9");
  EXPECT_EQ(set.problems[0].reason, "labels without images");
  EXPECT_EQ(set.problems[1].study_id, "1");
  EXPECT_EQ(set.problems[1].reason, "images without labels");
}

TEST_F(TrainingFolders, AnUnknownSeverityIsRefusedWithItsLine) {
  add_images("train_images", {"1"});
  add_labels({"1"}, "Mild");
  EXPECT_THAT(refusal(), testing::AllOf(testing::HasSubstr("line 2"), testing::HasSubstr("unknown grade \"Mild\"")));
}

TEST_F(TrainingFolders, WithoutAnyLabelledStudyThereIsNothingToTrainOn) {
  EXPECT_THAT(refusal(), testing::HasSubstr("train.csv is missing"));
  add_labels({"1"});
  EXPECT_THAT(refusal(), testing::HasSubstr("no labelled study with images"));
}

TEST_F(TrainingFolders, UnlabelledStudiesMayBeTheChallengesTestSet) {
  EXPECT_THROW(unlabelled_studies(TrainingFolder(folder_.path())), Error);
  add_images("test_images", {"7", "5"});
  const TrainingFolder folder(folder_.path());
  const TrainingSet set = unlabelled_studies(folder);
  ASSERT_EQ(set.studies.size(), 2U);
  EXPECT_EQ(set.studies[0].study_id, "5");
  EXPECT_FALSE(set.studies[0].labels[0]);
  EXPECT_EQ(folder.series().filename(), "test_series_descriptions.csv");
}

}  // namespace
}  // namespace lumbargrade
