#include "training/grader/crop_augmentation.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>

#include "temporary_folder.h"

namespace lumbargrade {
namespace {

constexpr int kSlices = 3, kSize = 16;

View small_view() {
  View view;
  view.slices = kSlices;
  view.size_px = kSize;
  view.pixel_mm = 1;
  return view;
}

AugmentationRecipe nothing_changes() {
  AugmentationRecipe recipe;
  recipe.jitter_mm = recipe.rotation_degrees = recipe.scale = recipe.contrast = recipe.noise = 0;
  recipe.jitter_slices = 0;
  return recipe;
}

/// Two samples, margin of one slice and four pixels; the value of a pixel tells where it is.
class CropFiles : public testing::Test {
 protected:
  CropFiles() {
    const int slices = kSlices + 2, size = kSize + 8;
    std::ofstream file(folder_.path() / "crops.u8", std::ios::binary);
    for (int sample = 0; sample < 2; ++sample) {
      for (int slice = 0; slice < slices; ++slice) {
        for (int row = 0; row < size; ++row) {
          for (int column = 0; column < size; ++column) {
            file.put(static_cast<char>(100 * sample + 20 * slice + (row * 7 + column) % 19));
          }
        }
      }
      for (int slice = 0; slice < slices; ++slice) file.put(static_cast<char>(sample == 0 || slice != 3));
    }
  }

  CropFile open(SeriesRole series = SeriesRole::SagittalT2) {
    View view = small_view();
    view.series = series;
    return CropFile(folder_.path() / "crops.u8", view, {1, 4});
  }
  CropBuffers buffers() { return {pixels_.data(), valid_.data()}; }
  float pixel(int slice, int row, int column) const {
    return pixels_[(static_cast<size_t>(slice) * kSize + static_cast<size_t>(row)) * kSize +
                   static_cast<size_t>(column)];
  }

  torch::Tensor central() { return torch::from_blob(pixels_.data(), {kSlices, kSize, kSize}).clone(); }
  static CropBatch augmented(const CropFile& file, const std::vector<size_t>& samples, const AugmentationRecipe& recipe,
                             std::uint64_t seed = 1, bool mirror = false) {
    DrawnCrops crops = empty_crops(file, samples.size(), recipe, seed);
    for (size_t row = 0; row < samples.size(); ++row) {
      std::mt19937_64 random(seed * 100 + row);
      draw_crop({file, samples[row]}, recipe, mirror, random, crops, row);
    }
    return augmented_crops(crops, torch::kCPU);
  }

  TemporaryFolder folder_;
  std::vector<float> pixels_ = std::vector<float>(static_cast<size_t>(kSlices * kSize * kSize));
  std::vector<float> valid_ = std::vector<float>(kSlices);
};

TEST_F(CropFiles, TheCentralCropIsWhatLiesInsideTheMargin) {
  const CropFile file = open();
  ASSERT_TRUE(file.holds(2));
  copy_central(file, 1, buffers());
  for (int slice = 0; slice < kSlices; ++slice) {
    for (int row = 0; row < kSize; ++row) {
      for (int column = 0; column < kSize; ++column) {
        ASSERT_EQ(pixel(slice, row, column), 100 + 20 * (slice + 1) + ((row + 4) * 7 + column + 4) % 19);
      }
    }
  }
  EXPECT_THAT(valid_, testing::ElementsAre(1, 1, 0));
}

TEST_F(CropFiles, WithoutAugmentationACropIsTheCentralOne) {
  const CropFile file = open();
  copy_central(file, 1, buffers());
  const CropBatch batch = augmented(file, {1}, nothing_changes());
  EXPECT_LT((batch.pixels[0] - central()).abs().max().item<double>(), 1e-2);
  EXPECT_EQ(batch.valid[0][2].item<float>(), 0);
}

TEST_F(CropFiles, TheSameSeedGivesTheSameCropAndAnotherOneAnother) {
  const CropFile file = open();
  AugmentationRecipe everything;
  everything.shear = 0.1;
  everything.elastic_mm = 1;
  everything.blur = everything.cut_out = everything.shuffle_slices = 0.5;
  const torch::Tensor first = augmented(file, {0, 1, 0}, everything, 1).pixels;
  EXPECT_TRUE(augmented(file, {0, 1, 0}, everything, 1).pixels.equal(first));
  EXPECT_FALSE(augmented(file, {0, 1, 0}, everything, 2).pixels.equal(first));
  EXPECT_TRUE(((first >= 0) & (first <= 255)).all().item<bool>());
}

TEST_F(CropFiles, TheMirroredPatientHasHisSagittalSlicesInReverseAndHisAxialOnesExchanged) {
  for (const SeriesRole series : {SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    const CropFile file = open(series);
    copy_central(file, 1, buffers());
    const bool axial = series == SeriesRole::AxialT2;
    const CropBatch batch = augmented(file, {1}, nothing_changes(), 1, true);
    EXPECT_LT((batch.pixels[0] - central().flip({axial ? 2 : 0})).abs().max().item<double>(), 1e-2);
    EXPECT_EQ(batch.valid[0][axial ? 2 : 0].item<float>(), 0);
  }
}

TEST_F(CropFiles, ShearMovesRowsAgainstEachOtherAndElasticDisplacementMovesThemApart) {
  const CropFile file = open();
  copy_central(file, 0, buffers());
  for (double AugmentationRecipe::*key : {&AugmentationRecipe::shear, &AugmentationRecipe::elastic_mm}) {
    AugmentationRecipe recipe = nothing_changes();
    recipe.*key = 1;
    EXPECT_GT((augmented(file, {0}, recipe).pixels[0] - central()).abs().mean().item<double>(), 0.5);
  }
}

TEST_F(CropFiles, ContrastIsOneCurveForAllPixelsOfACrop) {
  const CropFile file = open();
  copy_central(file, 0, buffers());
  AugmentationRecipe recipe = nothing_changes();
  recipe.contrast = 0.3;
  int curved = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const torch::Tensor changed = augmented(file, {0}, recipe, seed).pixels[0].flatten(), own = central().flatten();
    const torch::Tensor order = own.argsort();
    const torch::Tensor steps = changed.index_select(0, order).diff(), own_steps = own.index_select(0, order).diff();
    EXPECT_GE(steps.min().item<double>(), -1e-2) << "darker pixels stay darker";
    EXPECT_LT(steps.masked_select(own_steps == 0).abs().max().item<double>(), 1e-2) << "equal ones stay equal";
    curved += (changed - own).abs().max().item<double>() > 5;
  }
  EXPECT_GT(curved, 4);
}

TEST_F(CropFiles, BlurKeepsTheMeanAndTakesTheDetail) {
  const CropFile file = open();
  AugmentationRecipe recipe = nothing_changes();
  const torch::Tensor sharp = augmented(file, {0}, recipe).pixels[0];
  recipe.blur = 1;
  double softest = 1e9;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const torch::Tensor soft = augmented(file, {0}, recipe, seed).pixels[0];
    EXPECT_NEAR(soft.mean().item<double>(), sharp.mean().item<double>(), 1);
    softest = std::min(softest, soft[0].std().item<double>());
  }
  EXPECT_LT(softest, 0.8 * sharp[0].std().item<double>());
}

TEST_F(CropFiles, CutOutTakesOneBoxFromAllSlices) {
  const CropFile file = open();
  AugmentationRecipe recipe = nothing_changes();
  recipe.cut_out = 1;
  copy_central(file, 0, buffers());
  const torch::Tensor changed = (augmented(file, {0}, recipe).pixels[0] - central()).abs() > 1;
  const double share = changed.to(torch::kFloat).mean().item<double>();
  EXPECT_GT(share, 0.002);
  EXPECT_LT(share, 0.3);
  EXPECT_TRUE(changed[0].equal(changed[1]));
}

TEST_F(CropFiles, SlicesOfAxialCropsAreShuffledAndOfSagittalOnesNot) {
  for (const SeriesRole series : {SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    const CropFile file = open(series);
    copy_central(file, 0, buffers());
    AugmentationRecipe recipe = nothing_changes();
    recipe.shuffle_slices = 1;
    int moved = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const torch::Tensor pixels = augmented(file, {0}, recipe, seed).pixels[0];
      moved += (pixels - central()).abs().max().item<double>() > 1;
      const torch::Tensor means = std::get<0>(pixels.mean({1, 2}).sort()),
                          own = std::get<0>(central().mean({1, 2}).sort());
      EXPECT_LT((means - own).abs().max().item<double>(), 0.1) << "the same slices in another order";
    }
    EXPECT_EQ(moved > 0, series == SeriesRole::AxialT2);
  }
}

}  // namespace
}  // namespace lumbargrade
