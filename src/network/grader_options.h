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
  Transformer,    ///< slices attend to each other, then attention
  GruAttention    ///< a bidirectional GRU along the slices, then attention
};

/// How the positions of a slice's features become one vector.
enum class SpatialPoolingKind {
  Mean,
  GeneralisedMean,  ///< of powers, with a learned exponent (Radenovic 2018)
  HeatMap           ///< weighted by a learned map
};

/// How the slices of a crop come to the backbone.
enum class SlicesAs {
  Sequence,  ///< one by one, then pooled
  Channels,  ///< together, as the channels of one image
  Volume     ///< together, as a volume
};

/// Shape of a grading network.
struct GraderNetworkOptions {
  BackboneOptions backbone;
  bool shared_backbone = true;                   ///< one backbone for all views, else one each
  std::vector<std::string> views;                ///< names of the inputs, in the order of fusion
  std::vector<std::string> outputs = {"grade"};  ///< three logits each, by a head of its own over what all views show
  PoolingKind pooling = PoolingKind::Attention;
  SpatialPoolingKind spatial_pooling = SpatialPoolingKind::Mean;
  SlicesAs slices_as = SlicesAs::Sequence;
  std::int64_t slices = 0;      ///< of every view, where they come as channels
  std::int64_t neighbours = 0;  ///< of a sequence: so many slices on either side come with each as channels
  /// In training slices are looked at so many at a time, and what the backbone computed is not kept for the backward
  /// pass but computed again; 0: all at once, kept.
  std::int64_t recompute_slices = 0;
  double auxiliary = 0;       ///< weight of the loss of what each slice says alone; 0: it says nothing
  std::int64_t hidden = 256;  ///< length of the vectors inside the pooling
  double dropout = 0.2;       ///< before the head, and inside the LSTM and the transformer
};

}  // namespace lumbargrade
