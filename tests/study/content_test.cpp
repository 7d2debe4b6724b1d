#include "study/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "study/made_study.h"

namespace lumbargrade {
namespace {

using testing::DoubleNear;
using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kSide = 48;
constexpr int kFirstCanalColumn = 32;  // y = 22 mm and on, in sagittal_image and axial_image

/// Values of the body in front of the canal, and of the canal.
struct Brightness {
  uint16_t body = 0;
  uint16_t canal = 0;
};

/// Makes every image of a series `kSide` pixels of 1 mm square: the canal is behind the column or row.
std::function<void(DcmDataset&, int)> anatomy(Brightness brightness, bool along_columns) {
  return [=](DcmDataset& dataset, int) {
    std::vector<uint16_t> pixels;
    for (int row = 0; row < kSide; ++row) {
      for (int column = 0; column < kSide; ++column) {
        const bool canal = (along_columns ? column : row) >= kFirstCanalColumn;
        pixels.push_back(canal ? brightness.canal : brightness.body);
      }
    }
    dataset.putAndInsertUint16(DCM_Rows, kSide);
    dataset.putAndInsertUint16(DCM_Columns, kSide);
    dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
  };
}

MadeSeries sagittal(const std::string& uid, Brightness brightness, const std::string& description = "sag") {
  return {.folder = uid,
          .series_uid = uid,
          .description = description,
          .first = {Vector3(-8, -10, 24), Vector3::UnitY(), -Vector3::UnitZ(), 1.0, 1.0},
          .change = anatomy(brightness, true)};
}

MadeSeries axial(const std::string& uid, Brightness brightness) {
  return {.folder = uid,
          .series_uid = uid,
          .description = "axial",
          .first = {Vector3(-24, -10, -12), Vector3::UnitX(), Vector3::UnitY(), 1.0, 1.0},
          .slices = 7,
          .change = anatomy(brightness, false)};
}

/// Five levels 4 mm apart in the middle slice, the canal 20 mm behind the middle of the body.
std::vector<CanalPair> pairs() {
  std::vector<CanalPair> pairs;
  for (const double z : {8.0, 4.0, 0.0, -4.0, -8.0}) pairs.push_back({Vector3(-16, 30, z), Vector3(-16, 10, z)});
  return pairs;
}

/// A locator that knows where the canal is, and counts how often it is asked.
CanalFinder finder(int& calls) {
  return [&calls](const Volume&) {
    ++calls;
    return pairs();
  };
}

const SeriesSummary& series_named(const Study& study, const std::string& uid) {
  return *std::find_if(study.series.begin(), study.series.end(),
                       [&](const SeriesSummary& series) { return series.series_instance_uid == uid; });
}

TEST(CanalContrasts, AreTheLogarithmOfTheRatioWhereTheVolumeReaches) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {100, 250}, "T2"));
  const Study study = load_study(folder.path());
  auto asked = pairs();
  asked.push_back({Vector3(-16, 300, 0), Vector3(-16, 10, 0)});
  const auto contrasts = canal_contrasts(study.sagittal_t2.value(), asked);
  EXPECT_THAT(contrasts, SizeIs(5));
  EXPECT_THAT(contrasts, Each(DoubleNear(std::log(2.5), 1e-6)));
}

TEST(WeightingFromContrasts, IsUnknownWithoutThreePairsOrAClearDifference) {
  EXPECT_EQ(weighting_from_contrasts({1, 1}).weighting, Weighting::Unknown);
  EXPECT_EQ(weighting_from_contrasts({0.01, -0.05, 0.08}).weighting, Weighting::Unknown);
  EXPECT_EQ(weighting_from_contrasts({0.5, 0.4, -0.3}).weighting, Weighting::T2);
  EXPECT_EQ(weighting_from_contrasts({-0.5, -0.4, 0.3}).weighting, Weighting::T1);
}

TEST(LoadStudy, TellsSagittalT1FromT2ByTheImageWhereHeadersDoNot) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {400, 150}));
  write_series(folder.path(), sagittal("2", {200, 600}));
  EXPECT_FALSE(load_study(folder.path()).sagittal_t2);
  int calls = 0;
  const Study study = load_study(folder.path(), {}, finder(calls));
  EXPECT_EQ(study.sagittal_t1.value().series_instance_uid, "1");
  EXPECT_EQ(study.sagittal_t2.value().series_instance_uid, "2");
  EXPECT_THAT(series_named(study, "2").evidence, HasSubstr("from image content (canal 3 times as bright"));
}

TEST(LoadStudy, FindsTheAxialT2ByTheCanalOfTheSagittalSeries) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {200, 600}, "T2"));
  write_series(folder.path(), axial("2", {300, 200}));
  write_series(folder.path(), axial("3", {100, 400}));
  int calls = 0;
  const Study study = load_study(folder.path(), {}, finder(calls));
  ASSERT_EQ(study.axial_t2.size(), 1u);
  EXPECT_EQ(study.axial_t2[0].series_instance_uid, "3");
  EXPECT_EQ(series_named(study, "2").role, SeriesRole::None);
  EXPECT_THAT(series_named(study, "2").evidence, HasSubstr("from image content"));
}

TEST(LoadStudy, GivesNoRoleWhereTheImageDoesNotTell) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {200, 205}));
  int calls = 0;
  const Study alike = load_study(folder.path(), {}, finder(calls));
  EXPECT_EQ(alike.series[0].role, SeriesRole::None);
  EXPECT_THAT(alike.series[0].evidence, HasSubstr("weighting unknown, also from image content"));
  const Study unseen = load_study(folder.path(), {}, [](const Volume&) { return std::vector<CanalPair>(); });
  EXPECT_EQ(unseen.series[0].role, SeriesRole::None);
  EXPECT_THAT(unseen.series[0].evidence, HasSubstr("no lumbar canal seen"));
}

TEST(LoadStudy, LooksAtNoImageWhereHeadersOrTheUserTell) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {400, 150}, "T1"));
  write_series(folder.path(), sagittal("2", {200, 600}, "T2"));
  write_series(folder.path(), sagittal("3", {200, 600}));
  int calls = 0;
  load_study(folder.path(), {}, finder(calls));
  EXPECT_EQ(calls, 0);
  const TemporaryFolder unnamed;
  write_series(unnamed.path(), sagittal("1", {400, 150}));
  EXPECT_TRUE(load_study(unnamed.path(), {.sagittal_t2 = "1"}, finder(calls)).sagittal_t2);
  EXPECT_EQ(calls, 0);
}

TEST(LoadStudy, LooksAtNoImageThatWasMadeForSomethingElse) {
  const TemporaryFolder folder;
  write_series(folder.path(), sagittal("1", {200, 600}, "localizer"));
  int calls = 0;
  EXPECT_FALSE(load_study(folder.path(), {}, finder(calls)).sagittal_t2);
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace lumbargrade
