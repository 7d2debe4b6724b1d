// Crops that were cut are used again where the cache is whole, and cut again where it is damaged.

#include "training/grader/crop_cache.h"

#include <gmock/gmock.h>

#include <fstream>
#include <functional>

#include "core/files.h"
#include "temporary_folder.h"
#include "training/silent_study.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::json;

class Cache : public testing::Test {
 protected:
  Cache() {
    grader_.locate = [](const Volume&) { return three_levels(); };
    recipe_.networks = {{{Condition::NeuralForaminalNarrowing}, {foramen_view()}, {}}};
    for (const char* study : {"77", "78"}) {
      write_silent_series(folder_ / "train_images" / study, "1.2.3.1", -150);
      write_silent_series(folder_ / "train_images" / study, "1.2.3.2", 150);
      set_.studies.push_back({study, {}});
    }
    index_ = cut();
  }

  template <typename Use>
  auto with_cache(const Use& use) {
    const TrainingFolder folder(folder_.path());
    const StudySource source(folder, grader_);
    const LabelCoordinates coordinates;
    return use(CropCache(recipe_, folder_ / "crops"), CropExtractor(recipe_, source, coordinates));
  }

  Json cut() {
    return with_cache([&](const auto& cache, const auto& extract) { return cache.cut(kBy, extract, set_, 1); });
  }

  bool is_usable(const Json& index) {
    std::ofstream(folder_ / "crops/index.json") << index;
    return with_cache(
        [&](const auto& cache, const auto& extract) { return cache.usable(kBy, extract, set_.studies).has_value(); });
  }

  /// The sample of the last study with a crop.
  static Json& last_cut(Json& index) {
    Json& samples = index["samples"][0];
    return *std::find_if(samples.rbegin(), samples.rend(), [](const Json& sample) { return !sample.at(3).is_null(); });
  }

  static inline const Json kBy = {{"data", "made"}};
  TemporaryFolder folder_;
  Grader grader_;
  GraderRecipe recipe_;
  TrainingSet set_;
  Json index_;
};

TEST_F(Cache, IsUsedAgainWhereItIsWhole) {
  EXPECT_GT(index_["records"][0][1], 0);
  EXPECT_TRUE(is_usable(index_));
}

TEST_F(Cache, IsCutAgainWhereItsIndexIsDamaged) {
  const std::vector<std::function<void(Json&)>> damages = {
      [](Json& index) { last_cut(index)[3] = 1'000'000; },  // beyond the records
      [](Json& index) { last_cut(index)[3] = -1; },
      [](Json& index) { last_cut(index)[0] = 9; },  // no such study
      [](Json& index) { last_cut(index)[1][0][0] = 99; },
      [](Json& index) { last_cut(index)[1] = Json::array(); },
      [](Json& index) { last_cut(index) = "damaged"; },
      [](Json& index) { index["margins"] = nullptr; },
      [](Json& index) { index["point_errors"][0] = Json::array(); },
      [](Json& index) { index["skipped"] = "some"; },
      [](Json& index) { index.erase("records"); }};
  for (size_t k = 0; k < damages.size(); ++k) {
    Json damaged = index_;
    damages[k](damaged);
    EXPECT_FALSE(is_usable(damaged)) << k;
  }
}

TEST_F(Cache, IsBegunAnewWhereWhatWasCutIsDamaged) {
  Json kept = {{"fingerprint", kBy}, {"margins", index_["margins"]}, {"next_study", 1}};
  std::ofstream(folder_ / "crops/cutting.json") << kept;
  EXPECT_EQ(cut(), index_);
}

}  // namespace
}  // namespace lumbargrade
