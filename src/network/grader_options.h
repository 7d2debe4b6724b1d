#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/backbone_options.h"

namespace lumbargrade {

/// How the slices of a crop become one vector.
enum class PoolingKind {
  Mean,           ///< over the valid slices
  Attention,      ///< weights by a small network per slice (Ilse 2018)
  LstmAttention,  ///< a bidirectional LSTM along the slices, then attention
  Transformer     ///< slices attend to each other, then attention
};

/// Shape of a grading network.
struct GraderNetworkOptions {
  BackboneOptions backbone;
  bool shared_backbone = true;     ///< one backbone for all views, else one each
  std::vector<std::string> views;  ///< names of the inputs, in the order of fusion
  PoolingKind pooling = PoolingKind::Attention;
  std::int64_t hidden = 256;  ///< length of the vectors inside the pooling
  double dropout = 0.2;       ///< before the head, and inside the LSTM and the transformer
};

}  // namespace lumbargrade
