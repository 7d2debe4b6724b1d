#include "training/grader/crop_augmentation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace lumbargrade {
namespace {

constexpr double kWhite = 255;
constexpr std::int64_t kBendKnots = 5;
constexpr double kLargestBlurPx = 1.5;
constexpr double kLeastBoxSide = 0.1, kLargestBoxSide = 0.5;  // of the crop's side
constexpr std::int64_t kNoiseRows = 2;                        // crops' worth of noise that a batch shares

double normal(std::mt19937_64& random, double sd) {
  return sd > 0 ? std::normal_distribution<double>(0, sd)(random) : 0;
}

double uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

bool happens(std::mt19937_64& random, double share) {
  return share > 0 && uniform(random, 0, 1) < share;
}

/// Rows of two numbers and a shift.
using PlaneMap = std::array<std::array<double, 3>, 2>;

/// Where a pixel of the crop lies in the stored image with its margin.
PlaneMap stored_from_crop(const CropFile& file, const AugmentationRecipe& recipe, std::mt19937_64& random) {
  const View& view = file.view();
  const double reach_px = file.margin().pixels;
  const auto shift_px = [&] {
    return std::clamp(normal(random, recipe.jitter_mm / view.pixel_mm), -reach_px, reach_px);
  };
  const double angle = normal(random, recipe.rotation_degrees) * std::numbers::pi / 180;
  const double scale = std::exp(normal(random, recipe.scale)), shear = normal(random, recipe.shear);
  const double cosine = scale * std::cos(angle), sine = scale * std::sin(angle);
  const double middle = (view.size_px - 1) / 2.0, stored_middle = (file.size_px() - 1) / 2.0;
  PlaneMap map = {{{cosine, shear * cosine - sine, 0}, {sine, shear * sine + cosine, 0}}};
  for (auto& line : map) line[2] = stored_middle + shift_px() - (line[0] + line[1]) * middle;
  return map;
}

/// The map with the crop's columns in reverse order.
PlaneMap with_columns_reversed(PlaneMap map, int size_px) {
  for (auto& line : map) line[2] += line[0] * (size_px - 1), line[0] = -line[0];
  return map;
}

/// Which stored slices the crop's are.
std::vector<int> drawn_slices(const CropFile& file, const AugmentationRecipe& recipe, bool reverse,
                              std::mt19937_64& random) {
  const int shift = std::uniform_int_distribution<int>(-recipe.jitter_slices, recipe.jitter_slices)(random);
  std::vector<int> slices(static_cast<size_t>(file.view().slices));
  std::iota(slices.begin(), slices.end(), file.margin().slices + shift);
  if (reverse) std::reverse(slices.begin(), slices.end());
  const bool axial = file.view().series == SeriesRole::AxialT2;
  if (axial && happens(random, recipe.shuffle_slices)) std::shuffle(slices.begin(), slices.end(), random);
  return slices;
}

template <size_t count>
void set_row(const torch::Tensor& tensor, size_t row, const std::array<double, count>& values) {
  float* at = tensor[static_cast<std::int64_t>(row)].data_ptr<float>();
  for (const double value : values) *at++ = static_cast<float>(value);
}

/// What becomes of each stored grey: gamma, and a slope and an offset of the same strength. Stored crops have 256
/// greys: to change them by a table as they are copied costs a tenth of what a power of every sampled pixel does.
std::array<std::uint8_t, 256> drawn_contrast(const AugmentationRecipe& recipe, std::mt19937_64& random) {
  const double gamma = std::exp(normal(random, recipe.contrast)), slope = std::exp(normal(random, recipe.contrast / 2)),
               offset = normal(random, recipe.contrast / 4);
  std::array<std::uint8_t, 256> changed{};
  for (size_t grey = 0; grey < changed.size(); ++grey) {
    const double value = slope * std::pow(static_cast<double>(grey) / kWhite, gamma) + offset;
    changed[grey] = static_cast<std::uint8_t>(std::lround(kWhite * std::clamp(value, 0.0, 1.0)));
  }
  return changed;
}

void draw_bends(double sd_px, std::mt19937_64& random, DrawnCrops& crops, size_t row) {
  float* at = crops.bends[static_cast<std::int64_t>(row)].data_ptr<float>();
  for (std::int64_t k = 0; k < 2 * kBendKnots * kBendKnots; ++k) *at++ = static_cast<float>(normal(random, sd_px));
}

void draw_box(double share, std::mt19937_64& random, DrawnCrops& crops, size_t row) {
  std::array<double, 4> box{};
  if (happens(random, share)) {
    const double size = crops.size_px;
    for (size_t axis = 0; axis < 2; ++axis) {
      const double side = size * uniform(random, kLeastBoxSide, kLargestBoxSide),
                   first = uniform(random, 0, size - side);
      box[2 * axis] = first, box[2 * axis + 1] = first + side;
    }
  }
  set_row(crops.boxes, row, box);
}

/// R x P x P x 2: where the pixels lie in the stored images, from -1 to 1.
torch::Tensor sampling_grid(const DrawnCrops& crops, const torch::Device& device) {
  const torch::Tensor maps = crops.maps.to(device), places = torch::arange(crops.size_px, maps.options());
  const std::int64_t rows = maps.size(0), size = crops.size_px;
  torch::Tensor grid = torch::empty({rows, size, size, 2}, maps.options());
  const double scale = 2.0 / static_cast<double>(crops.pixels.size(3) - 1);
  for (std::int64_t axis = 0; axis < 2; ++axis) {
    const auto part = [&](std::int64_t k) { return maps.select(1, axis).select(1, k).reshape({rows, 1, 1}); };
    torch::Tensor coordinate = grid.select(3, axis);
    const torch::Tensor along_columns = part(0) * places.reshape({1, 1, size}) + part(2);
    at::add_out(coordinate, along_columns, part(1) * places.reshape({1, size, 1}));
  }
  if (crops.bends.defined()) {
    const torch::Tensor bends = at::upsample_bicubic2d(crops.bends.to(device), {size, size}, /*align_corners=*/true);
    grid += bends.permute({0, 2, 3, 1});
  }
  return grid.mul_(scale).sub_(1);
}

/// The rows that are blurred, each by its own Gaussian.
void blur(torch::Tensor& greys, const torch::Tensor& deviations) {
  const torch::Tensor rows = (deviations > 0).nonzero().reshape(-1).to(greys.device());
  if (rows.numel() == 0) return;
  const auto reach = static_cast<std::int64_t>(std::ceil(2 * kLargestBlurPx));
  const torch::Tensor places = torch::arange(-reach, reach + 1, greys.options());
  const torch::Tensor sd = deviations.to(greys.device()).index_select(0, rows).reshape({-1, 1});
  torch::Tensor kernels = torch::exp(-0.5 * (places / sd).square());
  kernels = (kernels / kernels.sum(1, true)).repeat_interleave(greys.size(1), 0).unsqueeze(1);  // r S x 1 x K
  const torch::Tensor some = greys.index_select(0, rows);
  torch::Tensor images = some.reshape({1, -1, some.size(2), some.size(3)});
  const std::int64_t groups = images.size(1);
  images = torch::replication_pad2d(images, {reach, reach, reach, reach});
  images = torch::conv2d(images, kernels.unsqueeze(3), {}, 1, at::IntArrayRef({0, 0}), 1, groups);
  images = torch::conv2d(images, kernels.unsqueeze(2), {}, 1, at::IntArrayRef({0, 0}), 1, groups);
  greys.index_copy_(0, rows, images.reshape(some.sizes()));
}

/// Noise of every row's own strength. Rows take their numbers from a common store, each from its own place on: to draw
/// them all anew would cost more than everything else.
void add_noise(torch::Tensor& greys, const DrawnCrops& crops) {
  const std::int64_t of_crop = greys[0].numel();
  torch::Tensor store = torch::empty({(kNoiseRows + 1) * of_crop}, greys.options());
  if (greys.is_cpu()) {
    store.normal_(0, 1, at::make_generator<at::CPUGeneratorImpl>(crops.seed));
  } else {
    store.normal_();  // the trainer seeds the device for every step
  }
  const float* drawn = crops.noise.data_ptr<float>();
  for (std::int64_t row = 0; row < greys.size(0); ++row) {
    const float sd = drawn[2 * row];
    if (sd <= 0) continue;
    const auto first = static_cast<std::int64_t>(drawn[2 * row + 1] * static_cast<double>(kNoiseRows * of_crop));
    greys[row].view(-1).add_(store.narrow(0, first, of_crop), kWhite * sd);
  }
}

/// Grey where the boxes are.
void cut_out(torch::Tensor& greys, const torch::Tensor& boxes) {
  constexpr double kGrey = kWhite / 2;
  const torch::Tensor places = torch::arange(greys.size(3), greys.options());
  const torch::Tensor on_device = boxes.to(greys.device());
  const auto inside = [&](std::int64_t first) {
    return (places >= on_device.narrow(1, first, 1)) & (places < on_device.narrow(1, first + 1, 1));  // R x P
  };
  greys.masked_fill_((inside(0).unsqueeze(2) & inside(2).unsqueeze(1)).unsqueeze(1), kGrey);
}

}  // namespace

void copy_central(const CropFile& file, size_t sample, const CropBuffers& buffers) {
  const std::string record = file.inner_record(sample, {});
  const auto number = [](char byte) { return static_cast<float>(static_cast<std::uint8_t>(byte)); };
  const auto valid = record.end() - file.view().slices;
  std::transform(record.begin(), valid, buffers.pixels, number);
  std::transform(valid, record.end(), buffers.valid, number);
}

DrawnCrops empty_crops(const CropFile& file, size_t rows, const AugmentationRecipe& recipe, std::uint64_t seed) {
  const auto n = static_cast<std::int64_t>(rows);
  const std::int64_t slices = file.view().slices, size = file.size_px();
  DrawnCrops crops{torch::empty({n, slices, size, size}, torch::kUInt8),
                   torch::empty({n, slices}),
                   torch::empty({n, 2, 3}),
                   {},
                   torch::empty({n, 2}),
                   {},
                   {},
                   seed,
                   file.view().size_px};
  if (recipe.elastic_mm > 0) crops.bends = torch::empty({n, 2, kBendKnots, kBendKnots});
  if (recipe.blur > 0) crops.blur = torch::empty({n});
  if (recipe.cut_out > 0) crops.boxes = torch::empty({n, 4});
  return crops;
}

void draw_crop(const StoredCrop& stored, const AugmentationRecipe& recipe, bool mirror, std::mt19937_64& random,
               DrawnCrops& crops, size_t row) {
  const auto& [file, sample] = stored;
  const View& view = file.view();
  const bool axial = view.series == SeriesRole::AxialT2;
  PlaneMap map = stored_from_crop(file, recipe, random);
  if (mirror && axial) map = with_columns_reversed(map, view.size_px);
  set_row(crops.maps, row, std::array{map[0][0], map[0][1], map[0][2], map[1][0], map[1][1], map[1][2]});
  const std::array<std::uint8_t, 256> contrast = drawn_contrast(recipe, random);
  const double noise_sd = recipe.noise > 0 ? uniform(random, 0, recipe.noise) : 0;
  set_row(crops.noise, row, std::array{noise_sd, uniform(random, 0, 1)});
  const std::vector<int> slices = drawn_slices(file, recipe, mirror && !axial, random);
  if (crops.bends.defined()) draw_bends(recipe.elastic_mm / view.pixel_mm, random, crops, row);
  if (crops.blur.defined()) {
    const double sd = happens(random, recipe.blur) ? uniform(random, 0.3, kLargestBlurPx) : 0;
    set_row(crops.blur.unsqueeze(1), row, std::array{sd});
  }
  if (crops.boxes.defined()) draw_box(recipe.cut_out, random, crops, row);
  const auto of_slice = static_cast<size_t>(file.size_px()) * static_cast<size_t>(file.size_px());
  const auto at = static_cast<std::int64_t>(row);
  auto* pixels = crops.pixels[at].data_ptr<std::uint8_t>();
  auto* valid = crops.valid[at].data_ptr<float>();
  for (size_t place = 0; place < slices.size(); ++place) {
    const std::uint8_t* from = file.slice(sample, slices[place]);
    std::transform(from, from + of_slice, pixels + place * of_slice, [&](std::uint8_t grey) { return contrast[grey]; });
    valid[place] = file.is_valid(sample, slices[place]) ? 1.0F : 0.0F;
  }
}

CropBatch augmented_crops(const DrawnCrops& crops, const torch::Device& device) {
  const torch::NoGradGuard no_gradients;
  torch::Tensor greys = at::grid_sampler_2d(crops.pixels.to(device).to(torch::kFloat32), sampling_grid(crops, device),
                                            /*bilinear*/ 0, /*border*/ 1, /*align_corners=*/true);
  if (crops.blur.defined()) blur(greys, crops.blur);
  add_noise(greys, crops);
  if (crops.boxes.defined()) cut_out(greys, crops.boxes);
  return {greys.clamp_(0, kWhite), crops.valid.to(device)};
}

}  // namespace lumbargrade
