#include "levels/locator_network.h"

#include <opencv2/imgproc.hpp>

#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

int64_t padded(int64_t length, int64_t stride) {
  return (length + stride - 1) / stride * stride;
}

/// Classes of a fine pixel: background, disc, vertebra, canal.
constexpr int kFineClasses = 4;
/// Fine pixels per pixel of the logits.
constexpr int kFinePixels = 4;
constexpr int kCoarseMaps = 3;
constexpr int kChannels = kFineClasses * kFinePixels + kCoarseMaps;
// Beyond it a probability is 0 or 1 in float32, and its exponential is none any more.
constexpr double kLargestLogit = 60;

/// Softmax and sigmoid of the exponentials of one pixel's logits, written to the upper left part that the maps have
/// room for. `values` in UNetImpl::logits' order.
void write_pixel(const float* values, int row, int column, LocatorMaps& maps) {
  for (int part = 0; part < kFinePixels; ++part) {
    const int fine_row = 2 * row + part / 2, fine_column = 2 * column + part % 2;
    if (fine_row >= maps.disc.rows || fine_column >= maps.disc.cols) continue;
    const float* of_part = values + part;
    const float disc = of_part[kFinePixels], vertebra = of_part[2 * kFinePixels], canal = of_part[3 * kFinePixels];
    const float share = 1 / (of_part[0] + disc + vertebra + canal);
    maps.disc(fine_row, fine_column) = disc * share;
    maps.vertebra(fine_row, fine_column) = vertebra * share;
    maps.canal(fine_row, fine_column) = canal * share;
  }
  const float* coarse = values + kFineClasses * kFinePixels;
  maps.l5s1(row, column) = coarse[0] / (1 + coarse[0]);
  maps.s1(row, column) = coarse[1] / (1 + coarse[1]);
  maps.centre(row, column) = coarse[2] / (1 + coarse[2]);
}

/// `logits` 1 x kChannels x H x W, H and W at least those of the coarse maps.
void write_maps(const torch::Tensor& logits, LocatorMaps& maps) {
  const torch::Tensor values =
      logits.clamp(-kLargestLogit, kLargestLogit).exp_().contiguous(at::MemoryFormat::ChannelsLast);
  const float* pixels = values.data_ptr<float>();
  const int64_t columns = values.size(3);
  for (int row = 0; row < maps.l5s1.rows; ++row) {
    for (int column = 0; column < maps.l5s1.cols; ++column) {
      write_pixel(pixels + (row * columns + column) * kChannels, row, column, maps);
    }
  }
}

/// Room for the maps of a slice.
LocatorMaps empty_maps(cv::Size size) {
  const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
  return {cv::Mat1f(size), cv::Mat1f(size), cv::Mat1f(size), cv::Mat1f(half), cv::Mat1f(half), cv::Mat1f(half)};
}

}  // namespace

torch::Tensor network_input(const cv::Mat1f& pixels, int64_t stride) {
  const cv::Mat1f input = normalised(pixels);
  double minimum = 0;
  cv::minMaxLoc(input, &minimum);
  torch::Tensor tensor = torch::empty({1, padded(input.rows, stride), padded(input.cols, stride)});
  cv::Mat1f plane(static_cast<int>(tensor.size(1)), static_cast<int>(tensor.size(2)), tensor.data_ptr<float>());
  cv::copyMakeBorder(input, plane, 0, plane.rows - input.rows, 0, plane.cols - input.cols, cv::BORDER_CONSTANT,
                     cv::Scalar(minimum));
  return tensor;
}

std::vector<LocatorMaps> LocatorNetwork::predict(const std::vector<SliceImage>& slices) const {
  std::vector<LocatorMaps> maps;
  // What stays is allocated before what the passes need and free again: in between it would leave holes.
  for (const SliceImage& slice : slices) maps.push_back(empty_maps(slice.pixels.size()));
  parallel_for(slices.size(), [&](size_t k) {
    const torch::InferenceMode inference;
    const torch::Tensor input = network_input(slices[k].pixels, network_.options().stride()).unsqueeze(0);
    write_maps(network_.logits(input), maps[k]);
  });
  return maps;
}

}  // namespace lumbargrade
