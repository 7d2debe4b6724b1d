#include "batch/study_summary.h"

#include <gtest/gtest.h>

#include <map>

namespace lumbargrade {
namespace {

SeriesSummary series(const std::string& folder, SeriesRole role, bool used, const std::vector<int>& slices) {
  SeriesSummary summary;
  summary.name = folder;
  summary.role = role;
  summary.used = used;
  for (int count : slices) {
    BlockSummary block;
    block.slices = count;
    block.columns = 320;
    block.rows = 384;
    block.patient_from_index.linear() = Vector3(0.5, 0.625, 4.4).asDiagonal();
    block.used = used;
    summary.blocks.push_back(block);
    summary.files += count;
  }
  return summary;
}

std::map<std::string, std::string> overview(const Study& study) {
  std::map<std::string, std::string> cells;
  const auto values = overview_cells(study);
  EXPECT_EQ(values.size(), overview_columns().size());
  for (size_t i = 0; i < values.size(); ++i) cells[overview_columns()[i]] = values[i];
  return cells;
}

TEST(StudyOverview, TellsRolesSlicesAndSpacingOfTheSeriesThatAreUsed) {
  Study study;
  study.series = {series("1", SeriesRole::SagittalT2, true, {15}), series("2", SeriesRole::SagittalT2, false, {30}),
                  series("3", SeriesRole::AxialT2, true, {5, 6}), series("4", SeriesRole::AxialT2, true, {7}),
                  series("5", SeriesRole::None, false, {3})};
  study.warnings = {"one", "two"};
  auto cells = overview(study);
  EXPECT_EQ(cells["roles"], "sagittal_t2 axial_t2");
  EXPECT_EQ(cells["sagittal_t1"], "");
  EXPECT_EQ(cells["sagittal_t1_slices"], "");
  EXPECT_EQ(cells["sagittal_t2"], "1");
  EXPECT_EQ(cells["sagittal_t2_slices"], "15");
  EXPECT_EQ(cells["sagittal_t2_column_mm"], "0.500");
  EXPECT_EQ(cells["sagittal_t2_row_mm"], "0.625");
  EXPECT_EQ(cells["sagittal_t2_slice_mm"], "4.400");
  EXPECT_EQ(cells["axial_t2"], "3; 4");
  EXPECT_EQ(cells["axial_t2_slices"], "18");
  EXPECT_EQ(cells["axial_t2_blocks"], "3");
  EXPECT_EQ(cells["series"], "5");
  EXPECT_EQ(cells["files"], "66");
  EXPECT_EQ(cells["warnings"], "one; two");
}

}  // namespace
}  // namespace lumbargrade
