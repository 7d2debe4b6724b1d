#include <gmock/gmock.h>

#include <filesystem>
#include <opencv2/core.hpp>

#include "bundle/bundle.h"
#include "levels/locate.h"
#include "levels/locator_network.h"
#include "study/study.h"

// Looking at the part of a stack that can show the spine finds what looking at all of it finds.
namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

const fs::path kShippedBundle = fs::path(LUMBARGRADE_MODELS) / "default";

Volume example_volume() {
  const fs::path study = fs::path(LUMBARGRADE_TEST_DATA) / "example_study/900107";
  return load_series(fs::directory_iterator(study)->path()).at(0);
}

/// Some slices of `real`, 4.5 mm apart, with `beside` slices of mere noise on either side: as a clinical stack is laid
/// out.
Volume thick_stack(const Volume& real, const std::vector<int>& chosen, int beside) {
  Volume stack;
  stack.columns = real.columns;
  stack.rows = real.rows;
  stack.slices = static_cast<int>(chosen.size()) + 2 * beside;
  stack.patient_from_index = real.patient_from_index;
  stack.patient_from_index.linear().col(2) = real.patient_from_index.linear().col(2).normalized() * 4.5;
  const size_t slice_size = static_cast<size_t>(real.columns) * static_cast<size_t>(real.rows);
  stack.voxels.resize(slice_size * static_cast<size_t>(stack.slices));
  cv::Mat1f all(stack.slices * real.rows, real.columns, stack.voxels.data());
  cv::RNG(7).fill(all, cv::RNG::UNIFORM, 0, 60);
  for (size_t k = 0; k < chosen.size(); ++k) {
    const float* slice = real.slice_data(chosen[k]);
    std::copy_n(slice, slice_size, stack.voxels.data() + (k + static_cast<size_t>(beside)) * slice_size);
  }
  return stack;
}

class PartOfStack : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kShippedBundle / kManifestFile)) GTEST_SKIP() << "no models/default";
    const Bundle bundle = load_bundle(kShippedBundle);
    network_ = std::make_unique<LocatorNetwork>(
        UNet(std::dynamic_pointer_cast<UNetImpl>(bundle.network("locator").network.module)), torch::kCPU);
  }

  void expect_as_with_all(const Volume& volume) const {
    std::vector<SliceImage> slices;
    for (int k = 0; k < volume.slices; ++k) slices.push_back(canonical_slice(volume, k));
    const Spine all = spine_from_maps(slices, network_->predict(slices));
    const Spine part = locate_spine(volume, *network_);
    ASSERT_EQ(part.level_count(), kLevelCount);
    for (const Level level : kLevels) {
      const auto &with_all = all.levels[index_of(level)], &with_part = part.levels[index_of(level)];
      ASSERT_TRUE(with_all.has_value());
      EXPECT_LT((with_part->centre_patient - with_all->centre_patient).norm(), 1.0) << level_name(level);
      EXPECT_NEAR(with_part->confidence, with_all->confidence, 0.02) << level_name(level);
      ASSERT_TRUE(with_part->canal.has_value());
      EXPECT_NEAR(with_part->canal->diameter_mm, with_all->canal->diameter_mm, 0.4) << level_name(level);
    }
    EXPECT_NEAR(part.central_slice, all.central_slice, 0.3);
  }

  std::unique_ptr<LocatorNetwork> network_;
};

TEST_F(PartOfStack, GivesTheSpineOfThinSlices) {
  expect_as_with_all(example_volume());
}

TEST_F(PartOfStack, GivesTheSpineOfAThickStack) {
  expect_as_with_all(thick_stack(example_volume(), {2, 7, 12}, 6));
}

TEST_F(PartOfStack, GivesTheSpineBesideTheMiddleOfTheStack) {
  Volume stack = thick_stack(example_volume(), {2, 7, 12}, 6);
  const size_t slice_size = static_cast<size_t>(stack.columns) * static_cast<size_t>(stack.rows);
  std::rotate(stack.voxels.begin(), stack.voxels.begin() + static_cast<std::ptrdiff_t>(5 * slice_size),
              stack.voxels.end());
  expect_as_with_all(stack);
}

}  // namespace
}  // namespace lumbargrade
