#pragma once

#include <torch/nn/module.h>
#include <torch/optim/adamw.h>
#include <torch/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "network/safetensors.h"

namespace lumbargrade {

/// What a checkpoint holds besides the training's own progress.
struct TrainedModules {
  torch::nn::Module& network;
  torch::nn::Module& average;  ///< running average of the network's weights
  torch::optim::AdamW& optimizer;
};

/// A copy on the CPU of everything that training needs to resume, with `best`, which may be empty and is shared.
TensorMap checkpoint_state(const TrainedModules& modules, const TensorMap& best);

/// Writes it with `progress` into one safetensors file that appears whole or not at all: a run that is killed while it
/// writes resumes from the checkpoint before. Error (Failure) where the disk is full.
void write_checkpoint(const std::filesystem::path& path, const TensorMap& state, const nlohmann::json& progress);

/// The progress of a checkpoint; empty where there is none.
std::optional<nlohmann::json> checkpoint_progress(const std::filesystem::path& path);

/// Puts a checkpoint back into the modules it was made from and returns its `best`.
TensorMap load_checkpoint(const std::filesystem::path& path, const TrainedModules& modules);

}  // namespace lumbargrade
