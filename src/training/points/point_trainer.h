#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "training/loop/training_options.h"
#include "training/points/point_data.h"

namespace lumbargrade {

/// Everything that decides what `train points` does.
struct PointTraining : StepTraining {
  PointDataOptions data;
  int folds = 5;               ///< by study; each gives one member of the ensemble; 0: one network of all studies
  std::optional<int> fold;     ///< only this one; empty: all of them
  std::filesystem::path init;  ///< bundle whose points networks' weights are begun with; empty: random ones
  std::vector<std::int64_t> widths = {16, 32, 64};

  PointTraining() {
    threads = 1;       // crops are made on one more
    iterations = 600;  // of each network
  }
};

/// Trains a network for each anchor and fold, and leaves in `out` a bundle: data.bundle's with these networks in place
/// of its own. In `out`/training: `out_of_fold_points.csv`, every point of the studies that were held out, by networks
/// that had not seen them, and `held_out_points.csv`, how far these lie from the given ones. Errors of training and
/// resuming as of train_network; of data as of load_point_data; (Usage) for a fold that does not exist or that leaves
/// nothing to learn from.
void train_points(const PointTraining& training);

}  // namespace lumbargrade
