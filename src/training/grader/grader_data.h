#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"
#include "grades/grading.h"
#include "training/grader/crop_file.h"
#include "training/grader/grader_recipe.h"

namespace lumbargrade {

/// Where crops of training studies are centred.
enum class TrainingPoints {
  Given,      ///< on the coordinates of the data set where it has them, else as predicted
  Predicted,  ///< on the locator's points, as at inference
};

/// A data set in the challenge's layout, see TrainingFolder.
struct GraderDataOptions {
  std::filesystem::path data;
  std::filesystem::path unlabelled;  ///< more studies, without labels, for pseudo-labels; may be empty
  std::filesystem::path cache;  ///< folder for the cut crops; used again when nothing that decides them has changed
  std::string base_bundle;      ///< its locator finds the levels; empty: the shipped one
  TrainingPoints points = TrainingPoints::Given;
  int threads = 2;
};

/// One finding whose first view could be cut.
struct GraderSample {
  int study = 0;                          ///< index into GraderData::study_ids
  size_t finding = 0;                     ///< index into all_findings()
  std::optional<Severity> severity;       ///< empty in unlabelled data
  std::optional<MeasuredGrade> measured;  ///< what the base bundle's measure says of it, with the locator's points
};

/// What one network of a recipe learns from.
struct NetworkData {
  std::vector<GraderSample> samples;  ///< ordered by study, then by finding
  std::vector<CropFile> views;        ///< in the recipe's order, one record per sample
};

struct GraderData {
  std::vector<std::string> study_ids;
  std::vector<NetworkData> networks;  ///< in the recipe's order
  std::string fingerprint;            ///< of everything that the crops, their labels and measures are
};

/// Room around crops for the recipe's augmentation.
CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation);

/// Reads every labelled study, finds its levels, cuts the crops of the recipe's networks into the cache and maps them.
/// Studies and findings that cannot be used are counted, listed in `skipped.csv` and left out; coordinates that cannot
/// be used are in `misplaced.csv`. Throws Error (Usage) when the data set lacks its tables or images, or nothing is
/// left.
GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options);

/// The same for `options.unlabelled`: every finding of every study, on the locator's points.
GraderData load_unlabelled_data(const GraderRecipe& recipe, const GraderDataOptions& options);

/// A finding by study and place in all_findings().
using FindingKey = std::pair<int, size_t>;

}  // namespace lumbargrade
