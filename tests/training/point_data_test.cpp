#include "training/points/point_data.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/finding.h"
#include "points/point_view.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::json;

/// Of one point of the canal's, the first of study 0, in the middle of its crop.
Json made_index() {
  const CropExtent extent = extent_of(usual_point_view(Anchor::Canal), point_margin());
  Json slices = Json::array();
  for (size_t k = 0; k < extent.slices; ++k) slices.push_back({k + 1, 10.5, 20.5});
  const Json given = {extent.slices / 2, extent.size_px / 2, extent.size_px / 2};
  const Json sample = {0, kFindingCount - 1, given, "series", {1, 0, 0, 1}, slices};
  const Json none = Json::array();
  return {{"samples", {Json::array({sample}), none, none}}, {"skipped", 0U}, {"misplaced", 0U}};
}

TEST(PointIndex, IsUsedWhereItIsWhole) {
  EXPECT_TRUE(is_valid_point_index(made_index(), 1));
}

TEST(PointIndex, IsNotUsedWhereItIsDamaged) {
  const std::vector<std::function<void(Json&, Json & sample)>> damages = {
      [](Json&, Json& sample) { sample[0] = 1; },  // no such study
      [](Json&, Json& sample) { sample[0] = -1; },         [](Json&, Json& sample) { sample[1] = kFindingCount; },
      [](Json&, Json& sample) { sample[1] = 0; },  // a finding of another anchor
      [](Json&, Json& sample) { sample[2][0] = 1000; },  // outside the crop
      [](Json&, Json& sample) { sample[2] = "here"; },     [](Json&, Json& sample) { sample[5].erase(0); },
      [](Json&, Json& sample) { sample = Json::array(); }, [](Json& index, Json&) { index["samples"].erase(2); },
      [](Json& index, Json&) { index.erase("samples"); },  [](Json& index, Json&) { index["misplaced"] = nullptr; },
      [](Json& index, Json&) { index = Json::array(); }};
  for (size_t k = 0; k < damages.size(); ++k) {
    Json index = made_index();
    damages[k](index, index["samples"][0][0]);
    EXPECT_FALSE(is_valid_point_index(index, 1)) << k;
  }
}

}  // namespace
}  // namespace lumbargrade
