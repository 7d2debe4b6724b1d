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
  int makers = 1;            ///< threads that make batches ahead, where a task may have several

  std::filesystem::path record_folder() const { return out / "training"; }
};

/// A training of so many steps, each of crops drawn at random.
struct StepTraining : TrainingOptions {
  int iterations = 0;
  int batch = 32;      ///< crops per step
  double rate = 2e-3;  ///< the learning rate's peak
};

/// How weights are moved: AdamW (Loshchilov 2019) with a linear warm-up and a cosine down to zero, no decay of biases
/// and of norms' parameters, gradients clipped by their norm, and a running average of the weights, which is what a run
/// gives.
struct OptimisationSettings {
  int epochs = 20;     ///< of the task's steps
  int accumulate = 1;  ///< batches per step of the optimiser
  double rate = 5e-4;  ///< the learning rate's peak
  double weight_decay = 0.02;
  double warm_up = 0.1;   ///< share of all steps
  double average = 0.99;  ///< decay of the running average
  /// The first step's number n in the bound on that decay, (1 + n) / (10 + n).
  int average_first = 1;
  double clip_norm = 5;
  /// Epochs without a better held-out loss until training stops, counted from where the cosine has taken the rate to a
  /// tenth of its peak.
  int patience = 5;
};

}  // namespace lumbargrade
