#include "metric/calibration_picture.h"

#include <gtest/gtest.h>
#include <png.h>

#include "core/error.h"
#include "metric/metric_data.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

constexpr int kModerateColour = 0x1F77B4, kSevereColour = 0xC83228, kAxesColour = 0x1E1E1E;

struct Picture {
  int width = 0, height = 0;
  std::vector<int> colours;  ///< 0xRRGGBB by row and column

  int at(int row, int column) const {
    return colours[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(column)];
  }
};

Picture read_picture(const std::filesystem::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_file(&image, path.c_str()), 0) << image.message;
  image.format = PNG_FORMAT_RGB;
  std::vector<unsigned char> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0) << image.message;
  Picture picture{static_cast<int>(image.width), static_cast<int>(image.height), {}};
  for (std::size_t i = 0; i + 2 < pixels.size(); i += 3) {
    picture.colours.push_back(pixels[i] << 16 | pixels[i + 1] << 8 | pixels[i + 2]);
  }
  return picture;
}

/// The plot of one panel: the black frame in its third of the picture, found by its long lines.
struct Plot {
  int left = -1, right = -1, top = -1, bottom = -1;
};

Plot find_plot(const Picture& picture, int panel) {
  const int begin = panel * picture.width / 3, end = (panel + 1) * picture.width / 3;
  Plot plot;
  for (int row = 0; row < picture.height; ++row) {
    int black = 0;
    for (int column = begin; column < end; ++column) black += picture.at(row, column) == kAxesColour;
    if (black > picture.width / 6) plot.bottom = row, plot.top = plot.top < 0 ? row : plot.top;
  }
  for (int column = begin; column < end; ++column) {
    int black = 0;
    for (int row = 0; row < picture.height; ++row) black += picture.at(row, column) == kAxesColour;
    if (black > picture.height / 2) plot.right = column, plot.left = plot.left < 0 ? column : plot.left;
  }
  return plot;
}

/// Middle of the pixels of one colour inside a plot, on its axes from 0 to 1; nothing without such pixels.
std::optional<std::array<double, 2>> middle_of(const Picture& picture, int panel, int colour) {
  const Plot plot = find_plot(picture, panel);
  double count = 0, x = 0, y = 0;
  for (int row = plot.top + 1; row < plot.bottom; ++row) {
    for (int column = plot.left + 1; column < plot.right; ++column) {
      if (picture.at(row, column) != colour) continue;
      ++count, x += column, y += row;
    }
  }
  if (count == 0) return std::nullopt;
  return std::array{(x / count - plot.left) / (plot.right - plot.left),
                    (plot.bottom - y / count) / (plot.bottom - plot.top)};
}

/// A study whose findings of one condition (four are enough) were all given the same probabilities.
ScoredStudy study_of(Condition condition, const Probabilities& probabilities, const std::vector<Severity>& truths) {
  ScoredStudy study{"1", {}};
  auto truth = truths.begin();
  for (std::size_t i = 0; i < kFindingCount && truth != truths.end(); ++i) {
    if (all_findings()[i].condition == condition)
      study.cases[i] = ScoredCase{{*truth++, 1}, probabilities, probabilities};
  }
  return study;
}

void expect_dot(const Picture& picture, int panel, int colour, double predicted, double observed) {
  const auto dot = middle_of(picture, panel, colour);
  ASSERT_TRUE(dot) << "no such dot in panel " << panel;
  EXPECT_NEAR((*dot)[0], predicted, 0.005) << "panel " << panel;
  EXPECT_NEAR((*dot)[1], observed, 0.005) << "panel " << panel;
}

TEST(CalibrationPicture, ShowsPredictedAgainstObservedSharesInThePanelOfTheCondition) {
  const auto normal = Severity::NormalMild, moderate = Severity::Moderate, severe = Severity::Severe;
  const TemporaryFolder folder;
  write_calibration_picture(
      folder / "c.png",
      {study_of(Condition::SpinalCanalStenosis, {0.45, 0.2, 0.35}, {severe, normal, normal, normal}),
       study_of(Condition::NeuralForaminalNarrowing, {0.05, 0.2, 0.75}, {severe, severe, moderate, moderate})},
      "two conditions");
  const Picture picture = read_picture(folder / "c.png");
  expect_dot(picture, 0, kModerateColour, 0.55, 0.25);
  expect_dot(picture, 0, kSevereColour, 0.35, 0.25);
  expect_dot(picture, 1, kSevereColour, 0.75, 0.5);
  // Subarticular: nothing was graded, so nothing is drawn; the frame and the diagonal are there all the same.
  EXPECT_FALSE(middle_of(picture, 2, kModerateColour));
  EXPECT_FALSE(middle_of(picture, 2, kSevereColour));
  EXPECT_TRUE(middle_of(picture, 2, kAxesColour));
}

TEST(CalibrationPicture, NamesTheFileThatCannotBeWritten) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_calibration_picture(folder / "none/c.png", small_submission("model"), ""), Error);
}

}  // namespace
}  // namespace lumbargrade
