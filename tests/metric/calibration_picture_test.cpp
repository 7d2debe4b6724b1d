#include "metric/calibration_picture.h"

#include <gtest/gtest.h>
#include <png.h>

#include <set>

#include "core/error.h"
#include "metric/metric_data.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

/// The colours of a PNG's pixels, 0xRRGGBB.
std::set<int> colours_of(const std::filesystem::path& path, int& width, int& height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_file(&image, path.c_str()), 0) << image.message;
  image.format = PNG_FORMAT_RGB;
  std::vector<unsigned char> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0) << image.message;
  std::set<int> colours;
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3)
    colours.insert(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
  width = static_cast<int>(image.width);
  height = static_cast<int>(image.height);
  return colours;
}

TEST(CalibrationPicture, IsAPngWithThreePanelsAndBothSeries) {
  const TemporaryFolder folder;
  write_calibration_picture(folder / "c.png", small_submission("model"), "small_model");
  int width = 0, height = 0;
  const auto colours = colours_of(folder / "c.png", width, height);
  EXPECT_NEAR(width, 3.0 * (height - 40), 1);
  EXPECT_TRUE(colours.contains(0x1F77B4));
  EXPECT_TRUE(colours.contains(0xC83228));
}

TEST(CalibrationPicture, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_calibration_picture(folder / "none/c.png", small_submission("model"), ""), Error);
}

}  // namespace
}  // namespace lumbargrade
