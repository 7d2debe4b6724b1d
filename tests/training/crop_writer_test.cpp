#include "training/grader/crop_writer.h"

#include <gmock/gmock.h>

#include <iterator>

#include "core/error.h"
#include "temporary_folder.h"
#include "training/grader/file_lock.h"

namespace lumbargrade {
namespace {

GraderRecipe one_view() {
  View view;
  view.slices = 1;
  view.size_px = 16;
  GraderRecipe recipe;
  recipe.networks = {{{Condition::SpinalCanalStenosis}, {view}, {}}};
  recipe.augmentation.jitter_mm = 0;
  recipe.augmentation.jitter_slices = 0;
  return recipe;
}

/// A study of two findings: one on both points, one that was lost.
CutStudy made_study(int study) {
  const std::string record(16 * 16 + 1, static_cast<char>('a' + study));
  CutStudy cut;
  cut.networks.resize(1);
  std::vector<CutSample>& samples = cut.networks[0];
  samples.resize(2);
  samples[0].sample.findings = {{20, Severity::Severe}};
  samples[0].sample.confidence = 0.75;
  samples[0].given = samples[0].predicted = CropRecords{record};
  samples[0].offsets = {PointOffset{1, -2, 1}};
  samples[1].sample.findings = {{21, Severity::Moderate}};
  for (CutSample& cut_sample : samples) cut_sample.sample.study = study;
  cut.skipped = {{text("s", study), "", "lost"}};
  return cut;
}

class Writer : public testing::Test {
 protected:
  CropWriter writer(const std::string& name, const nlohmann::json& kept) {
    std::filesystem::create_directories(folder_ / name);
    return CropWriter({{{{folder_ / name / "given.u8"}, {folder_ / name / "predicted.u8"}}}}, one_view(), kept);
  }
  std::string content(const std::string& name) {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  TemporaryFolder folder_;
};

TEST_F(Writer, GoesOnAfterTheLastStudyThatWasKept) {
  CropWriter whole = writer("whole", nullptr);
  for (int study = 0; study < 3; ++study) whole.add(made_study(study));
  const nlohmann::json expected = whole.state();
  whole.finish();
  nlohmann::json kept;
  {
    CropWriter killed = writer("killed", nullptr);
    killed.add(made_study(0));
    kept = killed.state();
    killed.add(made_study(1));  // written in part, not kept
  }
  CropWriter resumed = writer("killed", kept);
  EXPECT_EQ(resumed.next_study(), 1U);
  for (int study = 1; study < 3; ++study) resumed.add(made_study(study));
  EXPECT_EQ(resumed.state(), expected);
  EXPECT_EQ(content("killed/given.u8"), "") << "a file has its name when it is whole";
  resumed.finish();
  EXPECT_EQ(content("killed/given.u8"), content("whole/given.u8"));
  EXPECT_EQ(content("killed/predicted.u8").size(), 3U * (16 * 16 + 1));
}

TEST_F(Writer, RecordsThatAreGoneAreCutAgain) {
  nlohmann::json kept;
  {
    CropWriter killed = writer("run", nullptr);
    killed.add(made_study(0));
    kept = killed.state();
  }
  std::filesystem::remove(folder_ / "run/given.u8.partial");
  EXPECT_EQ(writer("run", kept).next_study(), 0U);
}

TEST(Lock, OfAFileIsHeldByOneUntilItIsGone) {
  const TemporaryFolder folder;
  {
    const auto held = FileLock::take(folder / "a/.lock");
    ASSERT_TRUE(held);
    EXPECT_FALSE(FileLock::take(folder / "a/.lock"));
  }
  EXPECT_TRUE(FileLock::take(folder / "a/.lock"));
}

}  // namespace
}  // namespace lumbargrade
