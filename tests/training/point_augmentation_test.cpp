#include "training/points/point_augmentation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/imgproc.hpp>

#include "points/point_view.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

/// A stored crop with one bright disc of 5 mm.
std::string crop_with_disc(const View& view, const CropPlace& at) {
  const CropMargin margin = point_margin();
  const int slices = view.slices + 2 * margin.slices, size = view.size_px + 2 * margin.pixels;
  std::string record;
  for (int slice = 0; slice < slices; ++slice) {
    for (int row = 0; row < size; ++row) {
      for (int column = 0; column < size; ++column) {
        const bool is_disc = slice == at.slice && std::hypot(row - at.row, column - at.column) <= 4;
        record += static_cast<char>(is_disc ? 250 : 20);
      }
    }
  }
  return record + std::string(static_cast<size_t>(slices), '\1');
}

/// Where a batch's crop is brightest.
CropPlace brightest(const View& view, float* pixels) {
  CropPlace place;
  double most = -1e9;
  for (int slice = 0; slice < view.slices; ++slice, pixels += view.size_px * view.size_px) {
    const cv::Mat1f image(view.size_px, view.size_px, pixels);
    cv::Mat1f smooth;
    cv::GaussianBlur(image, smooth, {}, 2.5);
    double value = 0;
    cv::Point at;
    cv::minMaxLoc(smooth, nullptr, &value, nullptr, &at);
    if (value > most)
      most = value, place = {static_cast<double>(slice), static_cast<double>(at.y), static_cast<double>(at.x)};
  }
  return place;
}

TEST(PointAugmentation, ThePlaceMovesWithThePixels) {
  const TemporaryFolder folder;
  const View view = usual_point_view(Anchor::Canal);
  const CropPlace given{4, 34, 22};
  std::ofstream(folder.path() / "crop.u8", std::ios::binary) << crop_with_disc(view, given);
  const CropFile file(folder.path() / "crop.u8", view, point_margin());
  ASSERT_TRUE(file.holds(1));
  std::vector<float> pixels(static_cast<size_t>(view.slices * view.size_px * view.size_px));
  std::vector<float> valid(static_cast<size_t>(view.slices));
  int shown = 0, moved = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    const CropPlace place = copy_augmented_point(file, 0, given, seed % 2 == 1, random, {pixels.data(), valid.data()});
    if (place.slice < 0 || place.slice >= view.slices) continue;
    ++shown;
    moved += std::abs(place.row - (given.row - point_margin().pixels)) > 1;
    EXPECT_EQ(valid[static_cast<size_t>(place.slice)], 1) << seed;
    const CropPlace seen = brightest(view, pixels.data());
    EXPECT_EQ(seen.slice, place.slice) << seed;
    EXPECT_NEAR(seen.row, place.row, 2) << seed;
    EXPECT_NEAR(seen.column, place.column, 2) << seed;
  }
  EXPECT_GT(shown, 40);
  EXPECT_GT(moved, 20);
}

TEST(CropSource, TellsTheImageAndItsPixel) {
  // Slices of .5 mm pixels, whose columns run against those of the crop (a right side), 1.25 mm a pixel of the crop.
  const CropSource source{"42", {{-1, 0, 0}, {7, 100, 80}, {8, 100, 80}}, {-2.5, 0, 0, 2.5}};
  const auto place = source.image_place({1.4, 12, 9.5}, 21);  // middle: 10
  ASSERT_TRUE(place);
  EXPECT_EQ(place->series_id, "42");
  EXPECT_EQ(place->instance_number, 7);
  EXPECT_NEAR(place->column, 101.25, 1e-9);
  EXPECT_NEAR(place->row, 85, 1e-9);
  EXPECT_FALSE(source.image_place({0.3, 12, 9.5}, 21));  // no image there
  EXPECT_FALSE(source.image_place({2.6, 12, 9.5}, 21));
}

}  // namespace
}  // namespace lumbargrade
