#pragma once

#include <filesystem>

#include "training/grader/grader_data.h"

namespace lumbargrade {

/// What `crops --export` is told.
struct CropExport {
  GraderDataOptions data;
  GraderRecipe recipe;
  std::uint64_t seed = 1;     ///< of the folds, as in training
  std::filesystem::path out;  ///< must not be there
};

/// Writes the crops, labels and folds that the recipe's networks would learn from as NumPy files and CSV, for those who
/// train elsewhere: docs/pytorch.md, version kExportedCropsVersion. Findings without any crop are left out and counted.
/// The folder appears whole or not at all. Errors as load_grader_data.
void export_crops(const CropExport& options);

}  // namespace lumbargrade
