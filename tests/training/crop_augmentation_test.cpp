#include "training/grader/crop_augmentation.h"

#include <gmock/gmock.h>

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
    return pixels_[static_cast<size_t>((slice * kSize + row) * kSize + column)];
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
  const auto central = pixels_;
  std::mt19937_64 random(1);
  copy_augmented(file, 1, nothing_changes(), false, random, buffers());
  for (size_t k = 0; k < central.size(); ++k) ASSERT_NEAR(pixels_[k], central[k], 1e-3);
}

TEST_F(CropFiles, TheSameSeedGivesTheSameCropAndAnotherOneAnother) {
  const CropFile file = open();
  const auto crop_of = [&](std::uint64_t seed) {
    std::mt19937_64 random(seed);
    copy_augmented(file, 0, AugmentationRecipe{}, false, random, buffers());
    return pixels_;
  };
  const auto first = crop_of(1);
  EXPECT_EQ(crop_of(1), first);
  EXPECT_NE(crop_of(2), first);
}

TEST_F(CropFiles, TheMirroredPatientHasHisSagittalSlicesInReverseAndHisAxialOnesExchanged) {
  for (const SeriesRole series : {SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    const CropFile file = open(series);
    copy_central(file, 1, buffers());
    const auto central = pixels_;
    std::mt19937_64 random(1);
    copy_augmented(file, 1, nothing_changes(), true, random, buffers());
    for (int slice = 0; slice < kSlices; ++slice) {
      for (int row = 0; row < kSize; ++row) {
        for (int column = 0; column < kSize; ++column) {
          const bool axial = series == SeriesRole::AxialT2;
          const int from = axial ? slice : kSlices - 1 - slice, across = axial ? kSize - 1 - column : column;
          ASSERT_NEAR(pixel(slice, row, column), central[static_cast<size_t>((from * kSize + row) * kSize + across)],
                      1e-3);
        }
      }
    }
    EXPECT_EQ(valid_[series == SeriesRole::AxialT2 ? 2 : 0], 0);
  }
}

}  // namespace
}  // namespace lumbargrade
