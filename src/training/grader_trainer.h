#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "network/safetensors.h"
#include "training/grader_data.h"
#include "training/grader_training.h"

namespace lumbargrade {

using Logits = std::array<double, kSeverityCount>;

/// One network trained on one split.
struct FoldResult {
  TensorMap state;                              ///< averaged weights of the best epoch
  std::vector<std::optional<Logits>> held_out;  ///< by sample of the network's data
  double held_out_loss = 0;                     ///< weighted log loss, as the challenge weighs
  int best_epoch = 0;
};

/// Which fold a study is held out in: a shuffle by the seed, so that folds are of even size.
std::vector<int> folds_of_studies(size_t studies, int folds, std::uint64_t seed);

/// Trains network `index` of the recipe without the studies of `fold`, in `folder` (log, checkpoints). `used` says per
/// sample whether its label is learned from; held-out samples are measured either way. Goes on from a checkpoint where
/// training.resume asks for it, to the same weights as an uninterrupted run with the same threads.
FoldResult train_fold(const GraderTraining& training, const GraderData& data, size_t index, int fold,
                      const std::vector<bool>& used, const std::filesystem::path& folder);

}  // namespace lumbargrade
