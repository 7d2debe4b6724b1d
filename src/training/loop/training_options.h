#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lumbargrade {

/// What every kind of training is told.
struct TrainingOptions {
  std::filesystem::path out;   ///< bundle; figures in training/, logs and checkpoints in checkpoint/
  std::filesystem::path card;  ///< JSON with name, version, licence, attribution, training_data; empty: undescribed
  std::uint64_t seed = 1;
  std::string device = "cpu";
  int threads = 2;
  bool bfloat16 = false;  ///< mixed precision
  bool resume = false;
  int checkpoint_every = 0;  ///< steps; 0: at the end of epochs and every ten minutes
  int makers = 1;            ///< threads that make a grader's batches ahead

  std::filesystem::path record_folder() const { return out / "training"; }
};

/// A training of so many steps, each of crops drawn at random.
struct StepTraining : TrainingOptions {
  int iterations = 0;
  int batch = 32;      ///< crops per step
  double rate = 2e-3;  ///< the learning rate's peak
};

/// Makes the output folder, which must be empty but for a run that is resumed (else Error, Usage), and sets the threads
/// of LibTorch; OpenCV, which is called by threads of our own, gets one.
void prepare_training(const TrainingOptions& options);

}  // namespace lumbargrade
