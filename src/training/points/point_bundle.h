#pragma once

#include "network/safetensors.h"
#include "training/points/point_tables.h"
#include "training/points/point_trainer.h"

namespace lumbargrade {

/// The networks of one anchor.
struct TrainedPoints {
  Anchor anchor = Anchor::Canal;
  std::vector<TensorMap> members;  ///< by fold that ran
  TensorMap example;               ///< inputs of one crop
};

/// The parameters of a points network.
nlohmann::json point_parameters(const PointTraining& training);

/// Weights to begin with, by kPointAnchors; empty where training.init is. Error (BundleInvalid) where that bundle has
/// no network for an anchor, or (Usage) one of another shape.
std::vector<TensorMap> initial_point_weights(const PointTraining& training);

/// Writes `training.out` as a bundle: what the base holds, with these points networks in place of its own, their
/// figures on held-out studies, and MODEL_CARD.md.
void write_point_bundle(const PointTraining& training, const PointData& data, const std::vector<TrainedPoints>& points,
                        const std::vector<HeldOutPoint>& held_out);

}  // namespace lumbargrade
