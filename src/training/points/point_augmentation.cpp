#include "training/points/point_augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "training/segmentation/random_draws.h"

namespace lumbargrade {
namespace {

constexpr float kWhite = 255;

/// What happens to all slices of a crop alike.
struct Changes {
  cv::Matx23d stored_from_crop;
  int slice_shift = 0;
  cv::Mat1f curve{1, 256};
  cv::Mat1f bias;          ///< empty: none
  double blur_px = 0;      ///< 0: none
  double coarseness = 1;   ///< of the resolution
  double noise = 0;        ///< standard deviation, grey values
  double noise_blur = 0;   ///< pixels
  int missing_slice = -1;  ///< of the crop
};

cv::Matx23d random_map(const CropFile& file, Random& random) {
  const double reach_px = file.margin().pixels, sigma_px = 2.5 / file.view().pixel_mm;
  const auto shift_px = [&] { return std::clamp(normal(random, sigma_px), -reach_px, reach_px); };
  const double angle = normal(random, 7) * std::numbers::pi / 180, scale = std::exp(normal(random, 0.1));
  const double aspect = std::exp(normal(random, 0.04));
  const cv::Matx22d linear(scale * aspect * std::cos(angle), -scale * std::sin(angle), scale * std::sin(angle),
                           scale / aspect * std::cos(angle));
  const double middle = (file.view().size_px - 1) / 2.0;
  const cv::Vec2d from = linear * cv::Vec2d(middle, middle);
  const double centre = (file.size_px() - 1) / 2.0;
  const double column = centre + shift_px() - from[0], row = centre + shift_px() - from[1];
  return {linear(0, 0), linear(0, 1), column, linear(1, 0), linear(1, 1), row};
}

cv::Mat1f random_curve(Random& random) {
  const double gamma = std::exp(normal(random, 0.35)), slope = std::exp(normal(random, 0.2));
  const double offset = normal(random, 0.08);
  cv::Mat1f curve(1, 256);
  for (int grey = 0; grey < curve.cols; ++grey) {
    curve(0, grey) = kWhite * static_cast<float>(std::clamp(
                                  slope * std::pow(static_cast<double>(grey) / kWhite, gamma) + offset, 0.0, 1.0));
  }
  return curve;
}

cv::Mat1f random_bias(int size_px, Random& random) {
  const double strength = uniform(random, 0.05, 0.35);
  cv::Mat1f coarse(3, 3), field;
  for (float& value : coarse) value = static_cast<float>(std::exp(normal(random, strength)));
  cv::resize(coarse, field, {size_px, size_px}, 0, 0, cv::INTER_CUBIC);
  return field;
}

Changes random_changes(const CropFile& file, const CropPlace& given, Random& random) {
  Changes changes;
  changes.stored_from_crop = random_map(file, random);
  const int reach = file.margin().slices;
  changes.slice_shift = std::uniform_int_distribution<>(-reach, reach)(random);
  changes.curve = random_curve(random);
  if (chance(random, 0.5)) changes.bias = random_bias(file.view().size_px, random);
  if (chance(random, 0.3)) changes.blur_px = uniform(random, 0.3, 1.2);
  if (chance(random, 0.25)) changes.coarseness = uniform(random, 1.2, 2.2);
  if (chance(random, 0.7)) changes.noise = uniform(random, 0.01, 0.12) * kWhite;
  if (chance(random, 0.5)) changes.noise_blur = uniform(random, 0.4, 0.9);
  if (chance(random, 0.1)) changes.missing_slice = std::uniform_int_distribution<>(0, file.view().slices - 1)(random);
  const double shown = given.slice - reach - changes.slice_shift;
  if (std::abs(changes.missing_slice - shown) < 1.5) changes.missing_slice = -1;  // not where the point is
  return changes;
}

cv::Mat1f changed(const cv::Mat1b& stored, int size_px, const Changes& changes, Random& random) {
  cv::Mat1b warped;
  cv::warpAffine(stored, warped, changes.stored_from_crop, {size_px, size_px}, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_REPLICATE);
  cv::Mat1f image;
  cv::LUT(warped, changes.curve, image);
  if (!changes.bias.empty()) image = image.mul(changes.bias);
  if (changes.blur_px > 0) cv::GaussianBlur(image, image, {}, changes.blur_px);
  if (changes.coarseness > 1) {
    cv::Mat1f small;
    cv::resize(image, small, {}, 1 / changes.coarseness, 1 / changes.coarseness, cv::INTER_AREA);
    cv::resize(small, image, image.size(), 0, 0, cv::INTER_LINEAR);
  }
  if (changes.noise > 0) {
    std::normal_distribution<float> draw(0, static_cast<float>(changes.noise));
    cv::Mat1f noise(image.size());
    for (float& value : noise) value = draw(random);
    if (changes.noise_blur > 0) cv::GaussianBlur(noise, noise, {}, changes.noise_blur);
    image += noise;
  }
  return image;
}

}  // namespace

CropPlace copy_augmented_point(const CropFile& file, size_t sample, const CropPlace& given, bool mirror,
                               std::mt19937_64& random, const CropBuffers& buffers) {
  const Changes changes = random_changes(file, given, random);
  const View& view = file.view();
  const auto per_slice = static_cast<size_t>(view.size_px) * static_cast<size_t>(view.size_px);
  for (int place = 0; place < view.slices; ++place) {
    const int shown = mirror ? view.slices - 1 - place : place;
    const int slice = file.margin().slices + changes.slice_shift + shown;
    const cv::Mat1b stored(file.size_px(), file.size_px(), const_cast<std::uint8_t*>(file.slice(sample, slice)));
    const cv::Mat1f image = changed(stored, view.size_px, changes, random);
    std::copy(image.begin(), image.end(), buffers.pixels + static_cast<size_t>(place) * per_slice);
    buffers.valid[place] = file.is_valid(sample, slice) && shown != changes.missing_slice ? 1.0F : 0.0F;
  }
  cv::Matx23d crop_from_stored;
  cv::invertAffineTransform(changes.stored_from_crop, crop_from_stored);
  const cv::Vec2d at = crop_from_stored * cv::Vec3d(given.column, given.row, 1);
  const double shown = given.slice - file.margin().slices - changes.slice_shift;
  return {mirror ? view.slices - 1 - shown : shown, at[1], at[0]};
}

}  // namespace lumbargrade
