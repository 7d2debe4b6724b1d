#pragma once

#include <string>

#include "pipeline/load_grader.h"
#include "training/grader/export_crops.h"
#include "training/grader/grader_training_options.h"
#include "training/imported/import_network.h"
#include "training/measures/train_measures.h"
#include "training/points/point_trainer.h"
#include "training/segmentation/segmentation_options.h"

namespace lumbargrade::cli {

/// Of `train grader` and `train challenge`, as they were typed.
struct GraderTrainingCommand {
  GraderTrainingOptions training;
  std::string recipe;
};

struct ChallengeCommand : GraderTrainingCommand {
  int point_iterations = 600;  ///< as ChallengeTraining
  std::string only;
  bool plan = false;
  bool list_jobs = false;
};

/// Of `crops --export`.
struct CropExportCommand {
  CropExport exported;
  std::string recipe;
  GraderOptions grader;  ///< bundle and threads count
};

/// What learns. It lies in a shared library of its own, liblumbargrade_training.so, so that whoever only grades neither
/// builds nor loads it. Errors leave these functions as Error.
struct TrainingCommands {
  void (*train_locator)(LocatorTraining training);
  void (*train_canal)(CanalTraining training);
  void (*train_points)(PointTraining training);
  void (*train_grader)(const GraderTrainingCommand& command);
  void (*train_challenge)(const ChallengeCommand& command);
  void (*train_measures)(const MeasureTraining& training);
  void (*import_network)(const NetworkImport& import);
  void (*export_crops)(const CropExportCommand& command);
};

/// Loads the library when it is first called. Throws Error (Failure) where it cannot be loaded.
const TrainingCommands& training_commands();

}  // namespace lumbargrade::cli
