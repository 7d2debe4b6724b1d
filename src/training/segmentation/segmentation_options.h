#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "levels/canal_outline.h"
#include "network/unet_options.h"
#include "training/loop/training_options.h"

// What the command line tells of trainings on labelled slices; it needs no LibTorch.
namespace lumbargrade {

/// What decides the training of a U-Net on labelled slices, whichever it is.
struct SegmentationTraining : StepTraining {
  std::filesystem::path data;  ///< see LocatorDataset
  int folds = 0;               ///< 0: train on every study
  int fold = 0;                ///< studies with index % folds == fold are held out
  std::filesystem::path init;  ///< weights to begin with (safetensors); empty: random ones
  UNetOptions network;
  std::vector<std::filesystem::path> cross_validation;  ///< `out` folders of fold runs with the same settings

  bool holds_out(size_t index) const { return folds > 0 && static_cast<int>(index) % folds == fold; }
  /// Error (Usage) where the fold does not exist.
  void check_fold() const;
};

/// Everything that decides what `train locator` does.
struct LocatorTraining : SegmentationTraining {
  std::filesystem::path unlabelled;  ///< folder of PNGs for self-training; empty: none
  int study_offset = 900000;         ///< study id = offset + patient of an unlabelled image
  int self_iterations = 1000;        ///< half labelled, half pseudo-labelled; needs `unlabelled`
  double self_rate = 1e-3;

  LocatorTraining() {
    threads = 1;  // crops are made on one more
    bfloat16 = true;
    checkpoint_every = 100;
    iterations = 1600;
    batch = 8;
  }

  /// Whether an unlabelled image's patient is that of the study: of the same name, or a number and so the study's.
  bool is_patient_of(const std::string& patient, const std::string& study_id) const;
};

/// Everything that decides what `train canal` does.
struct CanalTraining : SegmentationTraining {
  std::filesystem::path locator;            ///< bundle whose locator finds the discs of held-out studies
  std::vector<std::filesystem::path> also;  ///< more folders as `data`, learned from in every fold and never measured

  CanalTraining() {
    threads = 1;  // crops are made on one more
    checkpoint_every = 100;
    iterations = 1000;
    batch = 12;
    network = {{24, 48, 96, 128}, 1, 0, kOutlineChannels};
  }
};

}  // namespace lumbargrade
