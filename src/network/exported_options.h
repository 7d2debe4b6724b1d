#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lumbargrade {

/// How the slices of a crop come to an exported network. N findings, S slices, C colours that all hold the same grey.
enum class SliceLayout {
  Channels,  ///< N x S x H x W
  Sequence,  ///< N x S x C x H x W
  Volume,    ///< N x C x S x H x W
  Batch      ///< (N S) x C x H x W; the answers of a finding's valid slices are averaged
};

/// What an exported network is told, besides its file.
struct ExportedOptions {
  std::vector<std::string> views;      ///< names of the inputs
  std::vector<std::string> arguments;  ///< of its forward, in order: `<view>` or `<view>.valid`
  SliceLayout layout = SliceLayout::Channels;
  std::int64_t colours = 1;
  bool gives_probabilities = false;  ///< else logits
};

}  // namespace lumbargrade
