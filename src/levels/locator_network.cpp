#include "levels/locator_network.h"

#include <algorithm>
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
constexpr float kLargestLogit = 40;

/// One row of the logits, channel after channel, and what becomes of it. All of it stays in the cache.
class LogitsRow {
 public:
  explicit LogitsRow(int columns)
      : columns_(columns), exponentials_(kChannels, columns), shares_(2, columns), fine_(1, 2 * columns) {}

  /// The exponentials of a row of pixels with kChannels logits each.
  void read(const float* pixels) {
    for (int column = 0; column < columns_; ++column, pixels += kChannels) {
      for (int channel = 0; channel < kChannels; ++channel)
        exponentials_(channel, column) = std::clamp(pixels[channel], -kLargestLogit, kLargestLogit);
    }
    cv::exp(exponentials_, exponentials_);
  }

  /// Softmax over the classes in the fine row of which this is the upper (0) or lower (1) half.
  void write_fine(int half, int fine_row, LocatorMaps& maps) {
    if (fine_row >= maps.disc.rows) return;
    for (int side = 0; side < 2; ++side) {
      const int part = 2 * half + side;
      float* share = shares_[side];
      for (int k = 0; k < columns_; ++k)
        share[k] = 1 / (of(0, part)[k] + of(1, part)[k] + of(2, part)[k] + of(3, part)[k]);
    }
    int kind = 1;
    for (cv::Mat1f* map : {&maps.disc, &maps.vertebra, &maps.canal}) {
      interleave(of(kind, 2 * half), of(kind, 2 * half + 1));
      std::copy_n(fine_[0], map->cols, (*map)[fine_row]);
      ++kind;
    }
  }

  /// The sigmoids of the coarse maps.
  void write_coarse(int row, LocatorMaps& maps) const {
    int channel = kFineClasses * kFinePixels;
    for (cv::Mat1f* map : {&maps.l5s1, &maps.s1, &maps.centre}) {
      const float* value = exponentials_[channel++];
      float* target = (*map)[row];
      for (int k = 0; k < map->cols; ++k) target[k] = value[k] / (1 + value[k]);
    }
  }

 private:
  const float* of(int kind, int part) const { return exponentials_[kind * kFinePixels + part]; }

  void interleave(const float* left, const float* right) {
    const float* left_share = shares_[0];
    const float* right_share = shares_[1];
    float* target = fine_[0];
    for (int k = 0; k < columns_; ++k) {
      target[2 * k] = left[k] * left_share[k];
      target[2 * k + 1] = right[k] * right_share[k];
    }
  }

  int columns_;
  cv::Mat1f exponentials_, shares_, fine_;
};

/// `logits` 1 x kChannels x H x W, H and W at least those of the coarse maps.
void write_maps(const torch::Tensor& logits, LocatorMaps& maps) {
  const torch::Tensor values = logits.contiguous(at::MemoryFormat::ChannelsLast);
  const int64_t columns = values.size(3);
  LogitsRow of_row(static_cast<int>(columns));
  for (int row = 0; row < maps.l5s1.rows; ++row) {
    of_row.read(values.data_ptr<float>() + row * columns * kChannels);
    for (const int half : {0, 1}) of_row.write_fine(half, 2 * row + half, maps);
    of_row.write_coarse(row, maps);
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
