#include "training/segmentation/locator_augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"
#include "training/segmentation/random_draws.h"

namespace lumbargrade {
namespace {

// Ranges from docs/sources.md, "Locator: network and training", unless said otherwise.

/// The mean of one matrix of some slices, as `type`. Written into memory of its own: a cv::Mat that is copied shares
/// its pixels with the stack, which every later crop is cut from.
template <typename Matrix>
cv::Mat mean_over(const LabelledStack& stack, size_t first, size_t last, Matrix LabelledSlice::*part, int type) {
  cv::Mat sum = cv::Mat::zeros((stack.slices[first].*part).size(), CV_32FC((stack.slices[first].*part).channels()));
  for (size_t k = first; k <= last; ++k) cv::accumulate(stack.slices[k].*part, sum);
  cv::Mat mean;
  sum.convertTo(mean, type, 1.0 / static_cast<double>(last - first + 1));
  return mean;
}

/// The slice and its labels averaged with up to `reach` neighbours a side: a thicker slice.
LabelledSlice thickened(const LabelledStack& stack, size_t slice, int reach) {
  const LabelledSlice& middle = stack.slices[slice];
  if (reach == 0) return middle;
  const size_t first = slice >= static_cast<size_t>(reach) ? slice - static_cast<size_t>(reach) : 0;
  const size_t last = std::min(stack.slices.size() - 1, slice + static_cast<size_t>(reach));
  return {mean_over(stack, first, last, &LabelledSlice::pixels, CV_32F),
          mean_over(stack, first, last, &LabelledSlice::classes, CV_8U),
          mean_over(stack, first, last, &LabelledSlice::spots, CV_8U), middle.spine_px};
}

/// For every crop pixel, where it comes from.
cv::Mat2f random_grid(cv::Point2d spine_px, Random& random) {
  const double angle = uniform(random, -20, 20) * std::numbers::pi / 180;
  const double scale = std::exp(uniform(random, std::log(0.75), std::log(1.33)));
  const double aspect = std::exp(uniform(random, -0.1, 0.1));
  const double shear = uniform(random, -0.1, 0.1);
  const cv::Matx22d rotate(std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle));
  const cv::Matx22d distort(aspect / scale, shear, 0, 1 / (aspect * scale));
  const cv::Matx22d linear = rotate * distort;
  const cv::Point2d middle =
      spine_px + cv::Point2d(uniform(random, -35, 35), uniform(random, -55, 55)) * (1 / kLocatorPixelMm);

  cv::Mat2f coarse(7, 5);
  const double elastic_px = uniform(random, 0, 3) / kLocatorPixelMm;
  for (cv::Vec2f& shift : coarse) {
    shift = {static_cast<float>(normal(random, elastic_px)), static_cast<float>(normal(random, elastic_px))};
  }
  cv::Mat2f grid;
  cv::resize(coarse, grid, {kCropColumns, kCropRows}, 0, 0, cv::INTER_CUBIC);
  for (int row = 0; row < kCropRows; ++row) {
    for (int column = 0; column < kCropColumns; ++column) {
      const double u = column - kCropColumns / 2.0;
      const double v = row - kCropRows / 2.0;
      cv::Vec2f& from = grid(row, column);
      from = {static_cast<float>(middle.x + linear(0, 0) * u + linear(0, 1) * v + from[0]),
              static_cast<float>(middle.y + linear(1, 0) * u + linear(1, 1) * v + from[1])};
    }
  }
  return grid;
}

cv::Mat remapped(const cv::Mat& source, const cv::Mat2f& grid, double border) {
  cv::Mat target;
  cv::remap(source, target, grid, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar::all(border));
  return target;
}

/// Scales robustly to 0..1.
cv::Mat1f to_unit_range(const cv::Mat1f& pixels) {
  std::vector<float> sorted(pixels.begin(), pixels.end());
  const float low = quantile_of(sorted, 0.005);
  const float high = quantile_of(sorted, 0.995);
  cv::Mat1f unit((pixels - low) / std::max(1e-6F, high - low));
  cv::min(unit, 1.0, unit);
  cv::max(unit, 0.0, unit);
  return unit;
}

/// A piecewise linear curve through `knots` values over 0..1.
cv::Mat1f through_curve(const cv::Mat1f& unit, const std::vector<double>& knots) {
  cv::Mat1f mapped(unit.size());
  const auto last = static_cast<double>(knots.size() - 1);
  std::transform(unit.begin(), unit.end(), mapped.begin(), [&](float value) {
    const double position = std::clamp(double{value}, 0.0, 1.0) * last;
    const auto below = std::min(static_cast<size_t>(position), knots.size() - 2);
    const double t = position - static_cast<double>(below);
    return static_cast<float>((1 - t) * knots[below] + t * knots[below + 1]);
  });
  return mapped;
}

std::vector<double> random_knots(Random& random, size_t count) {
  std::vector<double> knots(count);
  for (double& knot : knots) knot = uniform(random, 0, 1);
  return knots;
}

std::vector<double> monotone_knots(Random& random, size_t count) {
  std::vector<double> knots = random_knots(random, count);
  std::sort(knots.begin(), knots.end());
  return knots;
}

/// Soft labels as weights that sum to 1: background, disc, vertebra, canal.
std::array<cv::Mat1f, 4> label_weights(const std::array<cv::Mat1f, 3>& classes) {
  cv::Mat1f background(1.0 - classes[0] - classes[1] - classes[2]);
  cv::max(background, 0.0, background);
  return {background, classes[0], classes[1], classes[2]};
}

double weighted_mean(const cv::Mat1f& values, const cv::Mat1f& weights) {
  return values.dot(weights) / std::max(1e-6, cv::sum(weights)[0]);
}

/// New mean for each labelled tissue, its texture kept; the background goes through a curve.
cv::Mat1f recontrasted(const cv::Mat1f& unit, const std::array<cv::Mat1f, 3>& classes,
                       const std::array<double, 3>& means, const std::vector<double>& background_curve,
                       Random& random) {
  const auto weights = label_weights(classes);
  cv::Mat1f result(through_curve(unit, background_curve).mul(weights[0]));
  for (size_t c = 0; c < 3; ++c) {
    const double texture = uniform(random, 0.2, 0.9);
    const cv::Mat1f tissue((unit - weighted_mean(unit, weights[c + 1])) * texture + means[c]);
    result += tissue.mul(weights[c + 1]);
  }
  return result;
}

/// Every label its own blend of two random curves.
cv::Mat1f blended_curves(const cv::Mat1f& unit, const std::array<cv::Mat1f, 3>& classes, Random& random) {
  const cv::Mat1f first = through_curve(unit, random_knots(random, 8));
  const cv::Mat1f second = through_curve(unit, random_knots(random, 8));
  cv::Mat1f result(unit.size(), 0);
  for (const cv::Mat1f& weight : label_weights(classes)) {
    const double share = uniform(random, 0, 1);
    const cv::Mat1f blend(first * share + second * (1 - share));
    result += blend.mul(weight);
  }
  return result;
}

cv::Mat1f random_contrast(const cv::Mat1f& unit, const std::array<cv::Mat1f, 3>& classes, Random& random) {
  const double kind = uniform(random, 0, 1);
  if (kind < 0.25) {
    cv::Mat1f powered;
    cv::pow(unit, std::exp(normal(random, 0.4)), powered);
    return powered;
  }
  if (kind < 0.40) return through_curve(unit, random_knots(random, 6));
  if (kind < 0.65) {  // like T1: CSF dark, marrow bright
    return recontrasted(unit, classes,
                        {uniform(random, 0.15, 0.5), uniform(random, 0.35, 0.75), uniform(random, 0.08, 0.38)},
                        monotone_knots(random, 5), random);
  }
  if (kind < 0.80) {
    return recontrasted(unit, classes, {uniform(random, 0, 1), uniform(random, 0, 1), uniform(random, 0, 1)},
                        random_knots(random, 5), random);
  }
  return blended_curves(unit, classes, random);
}

void multiply_bias_field(cv::Mat1f& image, Random& random) {
  cv::Mat1f coarse(4, 3);
  const double strength = uniform(random, 0, 0.35);
  for (float& value : coarse) value = static_cast<float>(std::exp(normal(random, strength)));
  cv::Mat1f field;
  cv::resize(coarse, field, image.size(), 0, 0, cv::INTER_CUBIC);
  image = image.mul(field);
}

void lower_resolution(cv::Mat1f& image, Random& random) {
  const double factor = uniform(random, 1.2, 3.2);
  cv::Mat1f small;
  cv::resize(image, small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  cv::resize(small, image, image.size(), 0, 0, cv::INTER_LINEAR);
}

void add_noise(cv::Mat1f& image, Random& random) {
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(image, mean, deviation);
  const double sigma = uniform(random, 0, 0.3) * deviation[0];
  std::normal_distribution<float> noise(0, static_cast<float>(sigma));
  for (float& value : image) value += noise(random);
  // Noise of scanners is smooth on an interpolated grid.
  if (chance(random, 0.5)) cv::GaussianBlur(image, image, {}, uniform(random, 0.4, 0.9));
}

void sharpen(cv::Mat1f& image, Random& random) {
  cv::Mat1f blurred;
  cv::GaussianBlur(image, blurred, {}, uniform(random, 1, 2));
  image += (image - blurred) * uniform(random, 0.3, 1.2);
}

void degrade(cv::Mat1f& image, Random& random) {
  if (chance(random, 0.7)) multiply_bias_field(image, random);
  if (chance(random, 0.3)) cv::GaussianBlur(image, image, {}, uniform(random, 0.3, 2.2));
  if (chance(random, 0.5)) lower_resolution(image, random);
  if (chance(random, 0.6)) add_noise(image, random);
  if (chance(random, 0.2)) sharpen(image, random);
  if (chance(random, 0.3)) {
    const cv::Mat1f unit(to_unit_range(image));
    cv::min(unit, uniform(random, 0.6, 1), image);
  }
}

/// Blanks everything below (or above) a row, labels too: the scan ended there.
void end_view(LocatorCrop& crop, cv::Mat1f& image, int first_row, int last_row) {
  double minimum = 0;
  cv::minMaxLoc(image, &minimum);
  first_row = std::clamp(first_row, 0, kCropRows);
  last_row = std::clamp(last_row, first_row, kCropRows);
  image.rowRange(first_row, last_row).setTo(minimum);
  for (cv::Mat1f& map : crop.fine) map.rowRange(first_row, last_row).setTo(0);
  for (cv::Mat1f& map : crop.coarse) map.rowRange(first_row / 2, last_row / 2).setTo(0);
}

/// Where a named row of the slice lies in the crop, on the column of the spine.
int crop_row_of(const cv::Mat1f& l5s1) {
  const cv::Moments moments = cv::moments(l5s1);
  return moments.m00 > 20 ? static_cast<int>(2 * moments.m01 / moments.m00) : -1;
}

/// Ends the view through or above L5 now and then, so that the network learns not to see L5/S1 where there is none,
/// and blanks borders as small fields of view do.
void limit_view(LocatorCrop& crop, cv::Mat1f& image, Random& random) {
  const int l5s1_row = crop_row_of(crop.coarse[0]);
  if (l5s1_row > 0 && chance(random, 0.2)) {
    const double cut_mm = uniform(random, -75, 12);  // relative to the disc; L4/5 lies some 35 mm above
    end_view(crop, image, l5s1_row + static_cast<int>(cut_mm / kLocatorPixelMm), kCropRows);
    // A disc at the very edge cannot be told from any other.
    crop.coarse[0].setTo(0);
    crop.coarse[1].setTo(0);
    return;
  }
  if (chance(random, 0.25)) end_view(crop, image, 0, static_cast<int>(uniform(random, 0, 0.2) * kCropRows));
  if (chance(random, 0.15)) {
    const int bottom = static_cast<int>(uniform(random, 0.8, 1) * kCropRows);
    if (l5s1_row < 0 || bottom > l5s1_row + static_cast<int>(35 / kLocatorPixelMm)) {
      end_view(crop, image, bottom, kCropRows);
    }
  }
}

}  // namespace

LocatorCrop augmented_crop(const LabelledStack& stack, size_t slice, std::mt19937_64& random) {
  constexpr std::array<int, 4> kReaches = {0, 0, 1, 2};
  const LabelledSlice source = thickened(stack, slice, kReaches[std::uniform_int_distribution<size_t>(0, 3)(random)]);
  const cv::Mat2f grid = random_grid(source.spine_px, random);
  double minimum = 0;
  cv::minMaxLoc(source.pixels, &minimum);
  const cv::Mat1f warped = remapped(source.pixels, grid, minimum);
  std::array<cv::Mat, 4> classes;
  std::array<cv::Mat, 2> spots;
  cv::split(remapped(source.classes, grid, 0), classes.data());
  cv::split(remapped(source.spots, grid, 0), spots.data());

  LocatorCrop crop;
  for (size_t c = 0; c < 3; ++c) classes[c].convertTo(crop.fine[c], CV_32F, 1 / 255.0);
  const std::array<cv::Mat, 3> coarse = {classes[3], spots[0], spots[1]};
  for (size_t c = 0; c < 3; ++c) {
    cv::Mat half;
    cv::resize(coarse[c], half, {}, 0.5, 0.5, cv::INTER_AREA);
    half.convertTo(crop.coarse[c], CV_32F, 1 / 255.0);
  }
  const cv::Mat1f unit(to_unit_range(warped));
  cv::Mat1f image = chance(random, 0.75) ? random_contrast(unit, crop.fine, random) : unit.clone();
  degrade(image, random);
  limit_view(crop, image, random);
  crop.input = normalised(image);
  return crop;
}

}  // namespace lumbargrade
