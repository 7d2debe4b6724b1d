// The tables in models/default/crossvalidation are what the shipped measure models were fitted on: fitted again, they
// must give the numbers of the shipped manifest.
#include "training/segmentation/measure_fits.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"

namespace lumbargrade {
namespace {

const std::filesystem::path kBundle = std::filesystem::path(LUMBARGRADE_MODELS) / "default";

template <typename Row>
std::vector<Row> rows_of(const std::string& table, std::vector<Row> (*read)(const std::filesystem::path&)) {
  std::vector<Row> rows;
  for (const char* fold : {"0", "1", "2"}) {
    const auto more = read(kBundle / "crossvalidation" / (table + "_" + fold + ".csv"));
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

void expect_same_numbers(const MeasureModel& fitted, const MeasureModel& shipped) {
  EXPECT_NEAR(fitted.width, shipped.width, 1e-9);
  EXPECT_EQ(fitted.model_weight, shipped.model_weight);
  EXPECT_EQ(fitted.reference_exponent, shipped.reference_exponent);
  EXPECT_EQ(fitted.source, shipped.source);
  for (size_t k = 0; k < fitted.levels.size(); ++k) {
    EXPECT_NEAR(fitted.levels[k].moderate_below, shipped.levels[k].moderate_below, 1e-9);
    EXPECT_NEAR(fitted.levels[k].severe_below, shipped.levels[k].severe_below, 1e-9);
    EXPECT_NEAR(fitted.levels[k].typical_reference, shipped.levels[k].typical_reference, 1e-9);
  }
}

/// Every figure of the manifest is among the computed ones, with its value.
void expect_figures(const std::vector<MetricSpec>& computed, const std::string& what, const std::string& set) {
  int found = 0;
  for (const MetricSpec& shipped : read_manifest(kBundle).metrics) {
    if (shipped.what != what || shipped.set != set) continue;
    const auto same = std::find_if(computed.begin(), computed.end(),
                                   [&](const MetricSpec& metric) { return metric.name == shipped.name; });
    ASSERT_NE(same, computed.end()) << shipped.name;
    EXPECT_NEAR(same->value, shipped.value, 1e-9) << shipped.name;
    EXPECT_EQ(same->count, shipped.count);
    ++found;
  }
  EXPECT_GE(found, 3);
}

TEST(MeasureFits, TheShippedTablesGiveTheShippedCanalModel) {
  const auto rows = rows_of<LevelFigure>("canal_held_out", read_figures);
  expect_same_numbers(fit_canal_measure(rows, 10), *read_manifest(kBundle).grading.measure(Measure::CanalAp));
  expect_figures(canal_metrics(rows, kUnseenSet), "grading.canal_measure", kUnseenSet);
}

TEST(MeasureFits, TheShippedTablesGiveTheShippedRecessModel) {
  const auto rows = rows_of<RecessFigure>("canal_recess", read_recess_figures);
  expect_same_numbers(fit_recess_measure(rows, 10), *read_manifest(kBundle).grading.measure(Measure::RecessDepth));
  expect_figures(recess_metrics(rows, kUnseenSet), "canal_outline", text(kUnseenSet, ", against the masks"));
}

std::vector<ForamenShare> shares() {
  std::vector<ForamenShare> rows;
  for (const Level level : kLevels) {
    for (int k = 0; k < 20; ++k) {
      ForamenShare row;
      row.study_id = std::to_string(k);
      row.level = level;
      row.share = 0.05 * k;
      row.share_at_point = 0.05 * k + (k % 2 == 0 ? 0.02 : -0.02);
      row.severity = k < 2 ? Severity::Severe : k < 6 ? Severity::Moderate : Severity::NormalMild;
      rows.push_back(row);
    }
  }
  return rows;
}

TEST(MeasureFits, ForamenFiguresFollowFromTheTable) {
  const auto metrics = foramen_metrics(shares(), "synthetic studies");
  ASSERT_EQ(metrics.size(), 5U);
  EXPECT_EQ(metrics[0].value, 1);  // every share of a narrowed foramen is smaller than every other
  EXPECT_EQ(metrics[4].value, 0.02);
  EXPECT_EQ(metrics[4].count, 100);
}

TEST(MeasureFits, LessFatIsMoreProbablyNarrow) {
  const MeasureModel model = fit_foramen_measure(shares(), "synthetic studies", 10);
  const auto narrow = measured_probabilities(model, Level::L5S1, {0.05, std::nullopt});
  const auto open = measured_probabilities(model, Level::L5S1, {0.9, std::nullopt});
  EXPECT_GT(narrow[1] + narrow[2], open[1] + open[2]);
  EXPECT_THROW(fit_foramen_measure(shares(), "synthetic studies", 21), Error);
}

TEST(MeasureFits, ThousandthsOfAnUndefinedFigureAreLeftOut) {
  std::vector<ForamenShare> healthy = shares();
  for (ForamenShare& row : healthy) row.severity = Severity::NormalMild;
  EXPECT_EQ(foramen_metrics(healthy, "synthetic studies").size(), 1U);
}

}  // namespace
}  // namespace lumbargrade
