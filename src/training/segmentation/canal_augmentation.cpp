#include "training/segmentation/canal_augmentation.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"
#include "training/segmentation/random_draws.h"

namespace lumbargrade {
namespace {

const cv::Size kSize(kOutlineCropPx, kOutlineCropPx);
constexpr double kCentralShare = 0.6;
constexpr int kCentralReach = 4;  // slices
constexpr double kCanalBehindEdgeMm = 10;
constexpr double kThickShare = 0.5;  // clinical slices are 3-5 mm thick, the labelled ones .9 mm
constexpr double kThinMm = 2;
constexpr double kSingleShare = 0.3;  // of these: a slice without neighbours
constexpr double kNarrowShare = 0.5;  // narrow canals are rare, and the ones that matter

int integer(Random& random, int low, int high) {
  return std::uniform_int_distribution<>(low, high)(random);
}

/// Channels as one image, so that each change is made to all of them.
cv::Mat3f merged(const OutlineInput& input) {
  cv::Mat3f image;
  cv::merge(input.data(), input.size(), image);
  return image;
}

cv::Mat1f mean_of(const std::vector<cv::Mat1f>& slices, int first, int last) {
  cv::Mat1f sum = slices[static_cast<size_t>(first)].clone();
  for (int k = first + 1; k <= last; ++k) sum += slices[static_cast<size_t>(k)];
  return cv::Mat1f(sum / (last - first + 1));
}

struct Source {
  cv::Mat3f image;
  cv::Mat1f canal;
};

/// The slice as it is, or, of a thin one, averaged with neighbours as a thicker one whose own neighbours are alike or
/// the same.
Source source_of(const LabelledStrip& study, int slice, Random& random) {
  if (!chance(random, kThickShare) || study.strip.positions.usual_step_mm() > kThinMm)
    return {merged(study.strip.input(slice, uniform(random, 0.8, 1.3))), study.canal[static_cast<size_t>(slice)]};
  const int reach = integer(random, 1, 2);
  const int first = std::max(0, slice - reach);
  const int last = std::min(static_cast<int>(study.canal.size()) - 1, slice + reach);
  const cv::Mat1f thick = mean_of(study.strip.slices, first, last);
  if (chance(random, kSingleShare)) return {merged({thick, thick, thick}), mean_of(study.canal, first, last)};
  const cv::Mat1f before(thick * 0.75 + study.strip.slices[static_cast<size_t>(first)] * 0.25);
  const cv::Mat1f after(thick * 0.75 + study.strip.slices[static_cast<size_t>(last)] * 0.25);
  return {merged({before, thick, after}), mean_of(study.canal, first, last)};
}

/// For every crop pixel, where it comes from.
cv::Mat2f random_sampling(cv::Point2d middle, Random& random) {
  const double angle = uniform(random, -14, 14) * std::numbers::pi / 180;
  const double scale = std::exp(uniform(random, -0.2, 0.2));
  const double aspect = std::exp(uniform(random, -0.07, 0.07));
  cv::Matx22d linear = cv::Matx22d(std::cos(angle), -std::sin(angle), std::sin(angle), std::cos(angle)) *
                       cv::Matx22d(scale * aspect, uniform(random, -0.06, 0.06), 0, scale / aspect);
  if (chance(random, 0.25)) {  // pixels as they are
    linear = cv::Matx22d::eye();
    middle = {std::round(middle.x), std::round(middle.y)};
  }
  cv::Mat2f sampling(kSize, cv::Vec2f(0, 0));
  if (chance(random, 0.5)) {
    const double sigma_px = uniform(random, 0, 1.2) / kOutlinePixelMm;
    cv::Mat2f coarse(5, 5);
    for (cv::Vec2f& shift : coarse)
      shift = {static_cast<float>(normal(random, sigma_px)), static_cast<float>(normal(random, sigma_px))};
    cv::resize(coarse, sampling, kSize, 0, 0, cv::INTER_CUBIC);
  }
  for (int row = 0; row < kSize.height; ++row) {
    for (int column = 0; column < kSize.width; ++column) {
      const cv::Vec2d from = linear * cv::Vec2d(column - kSize.width / 2.0, row - kSize.height / 2.0);
      sampling(row, column) +=
          cv::Vec2f(static_cast<float>(middle.x + from[0]), static_cast<float>(middle.y + from[1]));
    }
  }
  return sampling;
}

float low_of(const cv::Mat3f& image) {
  float low = image(0, 0)[0];
  for (const cv::Vec3f& pixel : image) low = std::min({low, pixel[0], pixel[1], pixel[2]});
  return low;
}

float high_quantile(const cv::Mat3f& image, double at) {
  std::vector<float> values;
  values.reserve(image.total());
  for (const cv::Vec3f& pixel : image) values.push_back(pixel[1]);
  return quantile_of(values, at);
}

/// A dark canal on a flatter background.
void like_t1(cv::Mat3f& image, const cv::Mat1f& canal, Random& random) {
  const double background = chance(random, 0.5) ? -0.6 : uniform(random, 0.2, 0.7);
  const double level = uniform(random, -1.2, 0.3);
  const double texture = uniform(random, 0.1, 0.5);
  cv::Mat1f soft;
  cv::GaussianBlur(canal, soft, {}, 0.7);
  auto weight = soft.begin();
  for (cv::Vec3f& pixel : image) {
    const float inside = *weight++;
    for (int c = 0; c < 3; ++c) {
      const double old = pixel[c];
      pixel[c] = static_cast<float>(background * old * (1 - inside) + (level + texture * old) * inside);
    }
  }
}

void change_gamma(cv::Mat3f& image, Random& random) {
  const float low = low_of(image);
  const float range = std::max(1e-3F, high_quantile(image, 0.995) - low);
  const auto power = static_cast<float>(std::exp(normal(random, 0.3)));
  for (cv::Vec3f& pixel : image) {
    for (int c = 0; c < 3; ++c) pixel[c] = std::pow((pixel[c] - low) / range, power) * range + low;
  }
}

/// Bright tissues all white, as where a window was burnt in.
void saturate(cv::Mat3f& image, Random& random) {
  const float ceiling = high_quantile(image, uniform(random, 0.8, 1));
  for (cv::Vec3f& pixel : image) {
    for (int c = 0; c < 3; ++c) pixel[c] = std::min(pixel[c], ceiling);
  }
}

void multiply_bias(cv::Mat3f& image, Random& random) {
  const double strength = uniform(random, 0, 0.25);
  cv::Mat1f coarse(3, 3);
  for (float& value : coarse) value = static_cast<float>(std::exp(normal(random, strength)));
  cv::Mat1f field;
  cv::resize(coarse, field, kSize, 0, 0, cv::INTER_CUBIC);
  const float low = low_of(image);
  auto factor = field.begin();
  for (cv::Vec3f& pixel : image) {
    const float by = *factor++;
    for (int c = 0; c < 3; ++c) pixel[c] = (pixel[c] - low) * by + low;
  }
}

void lower_crop_resolution(cv::Mat3f& image, Random& random) {
  const double factor = uniform(random, 1.2, 2.2);
  cv::Mat3f small;
  cv::resize(image, small, {}, 1 / factor, 1 / factor, cv::INTER_AREA);
  cv::resize(small, image, kSize, 0, 0, cv::INTER_LINEAR);
}

void add_crop_noise(cv::Mat3f& image, Random& random) {
  std::normal_distribution<float> draw(0, static_cast<float>(uniform(random, 0.01, 0.25)));
  cv::Mat3f noise(kSize);
  for (cv::Vec3f& pixel : noise) pixel = {draw(random), draw(random), draw(random)};
  if (chance(random, 0.5)) cv::GaussianBlur(noise, noise, {}, uniform(random, 0.4, 0.9));
  image += noise;
}

void change_intensities(cv::Mat3f& image, const cv::Mat1f& canal, Random& random) {
  const double kind = uniform(random, 0, 1);
  if (kind < 0.12) {
    like_t1(image, canal, random);
  } else if (kind < 0.55) {
    change_gamma(image, random);
  }
  if (chance(random, 0.25)) saturate(image, random);
  if (chance(random, 0.5)) multiply_bias(image, random);
  if (chance(random, 0.2)) cv::GaussianBlur(image, image, {}, uniform(random, 0.3, 1.2));
  if (chance(random, 0.25)) lower_crop_resolution(image, random);
  if (chance(random, 0.5)) add_crop_noise(image, random);
  const double gain = uniform(random, 0.8, 1.25);
  const double offset = uniform(random, -0.25, 0.25);
  image.convertTo(image, CV_32FC3, gain);
  image += cv::Scalar::all(offset);
}

/// Any disc, or the narrower of two.
size_t random_disc(const LabelledStrip& study, Random& random) {
  const auto any = [&] {
    return static_cast<size_t>(integer(random, 0, static_cast<int>(study.disc_edges_px.size()) - 1));
  };
  const size_t disc = any();
  if (!chance(random, kNarrowShare)) return disc;
  const size_t other = any();
  return study.diameters_px[other] < study.diameters_px[disc] ? other : disc;
}

}  // namespace

OutlineCrop augmented_outline_crop(const LabelledStrip& study, std::mt19937_64& random) {
  const int last = static_cast<int>(study.canal.size()) - 1;
  const int slice = chance(random, kCentralShare)
                        ? std::clamp(study.middle_slice + integer(random, -kCentralReach, kCentralReach), 0, last)
                        : integer(random, 0, last);
  const Source source = source_of(study, slice, random);
  const size_t disc = random_disc(study, random);
  const cv::Point2d middle =
      study.disc_edges_px[disc] +
      cv::Point2d(kCanalBehindEdgeMm + uniform(random, -14, 14), uniform(random, -22, 22)) / kOutlinePixelMm;
  const cv::Mat2f sampling = random_sampling(middle, random);

  OutlineCrop crop;
  cv::Mat3f image;
  cv::remap(source.image, image, sampling, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  cv::remap(source.canal, crop.canal, sampling, cv::noArray(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  change_intensities(image, crop.canal, random);
  cv::split(image, crop.input.data());
  return crop;
}

}  // namespace lumbargrade
