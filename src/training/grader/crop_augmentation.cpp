#include "training/grader/crop_augmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

constexpr float kWhite = 255;

double normal(std::mt19937_64& random, double sd) {
  return sd > 0 ? std::normal_distribution<double>(0, sd)(random) : 0;
}

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

/// Where a pixel of the crop lies in the stored image with its margin.
cv::Matx23d stored_from_crop(const CropFile& file, const AugmentationRecipe& recipe, std::mt19937_64& random) {
  const View& view = file.view();
  const double reach_px = file.margin().pixels;
  const auto shift_px = [&] {
    return std::clamp(normal(random, recipe.jitter_mm / view.pixel_mm), -reach_px, reach_px);
  };
  const double angle = normal(random, recipe.rotation_degrees) * std::numbers::pi / 180;
  const double scale = std::exp(normal(random, recipe.scale));
  const double cosine = scale * std::cos(angle), sine = scale * std::sin(angle);
  const double middle = (view.size_px - 1) / 2.0;
  const double column = (file.size_px() - 1) / 2.0 + shift_px(), row = (file.size_px() - 1) / 2.0 + shift_px();
  return {cosine, -sine, column - cosine * middle + sine * middle, sine, cosine, row - sine * middle - cosine * middle};
}

/// The map with the crop's columns in reverse order.
cv::Matx23d with_columns_reversed(const cv::Matx23d& map, int size_px) {
  const double last = size_px - 1;
  return {-map(0, 0), map(0, 1), map(0, 2) + last * map(0, 0), -map(1, 0), map(1, 1), map(1, 2) + last * map(1, 0)};
}

/// Grey value by grey value: gamma, and a slope and an offset of the same strength.
std::array<float, 256> contrast_curve(double strength, std::mt19937_64& random) {
  const double gamma = std::exp(normal(random, strength));
  const double slope = std::exp(normal(random, strength / 2)), offset = normal(random, strength / 4);
  std::array<float, 256> curve{};
  for (size_t grey = 0; grey < curve.size(); ++grey) {
    const double value = slope * std::pow(static_cast<double>(grey) / kWhite, gamma) + offset;
    curve[grey] = kWhite * static_cast<float>(std::clamp(value, 0.0, 1.0));
  }
  return curve;
}

void add_noise(float* values, size_t count, double sd, std::mt19937_64& random) {
  if (sd <= 0) return;
  std::normal_distribution<float> noise(0, static_cast<float>(sd) * kWhite);
  for (size_t k = 0; k < count; ++k) values[k] = std::clamp(values[k] + noise(random), 0.0F, kWhite);
}

}  // namespace

void copy_central(const CropFile& file, size_t sample, const CropBuffers& buffers) {
  const View& view = file.view();
  const int margin = file.margin().pixels;
  float* to = buffers.pixels;
  for (int place = 0; place < view.slices; ++place) {
    const int slice = place + file.margin().slices;
    const std::uint8_t* from = file.slice(sample, slice);
    for (int row = 0; row < view.size_px; ++row) {
      const std::uint8_t* first = from + static_cast<size_t>(row + margin) * file.size_px() + margin;
      to = std::copy(first, first + view.size_px, to);
    }
    buffers.valid[place] = file.is_valid(sample, slice) ? 1.0F : 0.0F;
  }
}

void copy_augmented(const CropFile& file, size_t sample, const AugmentationRecipe& recipe, bool mirror,
                    std::mt19937_64& random, const CropBuffers& buffers) {
  const View& view = file.view();
  const bool axial = view.series == SeriesRole::AxialT2;
  cv::Matx23d map = stored_from_crop(file, recipe, random);
  if (mirror && axial) map = with_columns_reversed(map, view.size_px);
  const auto curve = contrast_curve(recipe.contrast, random);
  const double noise_sd = recipe.noise > 0 ? uniform(random, 0, recipe.noise) : 0;
  const int shift = std::uniform_int_distribution<int>(-recipe.jitter_slices, recipe.jitter_slices)(random);
  const bool reverse = mirror && !axial;
  const auto size = static_cast<size_t>(view.size_px);
  cv::Mat1b warped(view.size_px, view.size_px);
  for (int place = 0; place < view.slices; ++place) {
    const int slice = file.margin().slices + shift + (reverse ? view.slices - 1 - place : place);
    const cv::Mat1b stored(file.size_px(), file.size_px(), const_cast<std::uint8_t*>(file.slice(sample, slice)));
    cv::warpAffine(stored, warped, map, warped.size(), cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
    float* to = buffers.pixels + static_cast<size_t>(place) * size * size;
    std::transform(warped.begin(), warped.end(), to, [&](std::uint8_t grey) { return curve[grey]; });
    add_noise(to, size * size, noise_sd, random);
    buffers.valid[place] = file.is_valid(sample, slice) ? 1.0F : 0.0F;
  }
}

}  // namespace lumbargrade
