#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "crops/view.h"
#include "training/loop/training_options.h"

namespace lumbargrade {

/// One network of a recipe: what it grades, from which views, built how.
struct NetworkRecipe {
  std::vector<Condition> conditions;  ///< one or several, in the order of kConditions
  std::vector<View> views;            ///< a region is graded where the first one can be cut
  nlohmann::json parameters;          ///< of the architecture "grader"
  std::optional<int> epochs = {};     ///< else those of the optimisation

  bool grades(Condition condition) const {
    return std::find(conditions.begin(), conditions.end(), condition) != conditions.end();
  }
};

/// On which points training centres crops: shares, which sum to 1. A finding that lacks the point takes the other one.
struct PointShares {
  double given = 0.2;      ///< the data set's coordinates
  double predicted = 0.4;  ///< what `grade` finds, from networks that did not learn from the study
  double jittered = 0.4;   ///< given points moved by as much as predicted ones err

  bool needs_given() const { return predicted < 1; }
};

/// Random changes of a crop during training. Lengths are standard deviations of normal deviates.
struct AugmentationRecipe {
  double jitter_mm = 3;   ///< of jittered points, in the plane, where no error of learned points is known
  int jitter_slices = 1;  ///< their largest shift across slices
  double rotation_degrees = 10;
  double scale = 0.1;         ///< of the logarithm
  double contrast = 0.3;      ///< of the logarithm of gamma
  double noise = 0.05;        ///< largest SD, of the grey range
  double shear = 0;           ///< of columns along rows
  double elastic_mm = 0;      ///< of knots of a smooth displacement
  double blur = 0;            ///< share of crops
  double cut_out = 0;         ///< share of crops that lose a box
  double shuffle_slices = 0;  ///< share of axial crops
  double mixup = 0;           ///< share of batches
  double cutmix = 0;          ///< share of batches
  bool mirror_canals = true;  ///< half of them: the mirrored patient has the same grade
};

struct OptimisationRecipe : OptimisationSettings {
  int studies_per_batch = 8;
  std::array<double, kSeverityCount> class_weights = {1, 2, 4};
  double any_severe = 0;  ///< weight of the any-severe-canal term
};

/// The second stage: a stack over the 25 findings, learned from out-of-fold answers (AdamW, all studies in each step).
struct StackRecipe {
  nlohmann::json parameters;  ///< of the architecture "study_stack"
  int steps = 200;            ///< at most
  double rate = 0.01;
  double weight_decay = 0.1;
};

/// What is learned from unlabelled studies, where there are any.
struct PseudoLabelRecipe {
  double confidence = 0.9;  ///< least probability of the most probable grade
  double weight = 0.5;      ///< beside a label of people
  int epochs = 5;
  double rate = 1e-4;
};

/// Everything that decides what `train grader` learns; a JSON file, see docs/recipes.md.
struct GraderRecipe {
  std::string name;
  std::string origin;  ///< where the method comes from
  std::string needs;   ///< machine and time
  std::vector<NetworkRecipe> networks;
  PointShares points;
  AugmentationRecipe augmentation;
  OptimisationRecipe optimisation;
  int folds = 5;
  std::vector<int> run_folds;          ///< those that are trained and become members of the ensemble; empty: all
  bool keep_prior = false;             ///< the base bundle's prior stands, instead of the labels' frequencies
  double largest_model_weight = 1;     ///< bound on lambda, for data that stand in for real ones
  double smallest_measure_weight = 0;  ///< bound on the measure's share, for the same
  std::vector<Condition> silent;       ///< their networks are trained but weigh nothing
  double drop_suspects = 0;  ///< > 0: labels with |out-of-fold - label| >= this are dropped and all trained again
  std::string combine = "probabilities";
  std::vector<TtaTransform> tta = {TtaTransform{}};
  std::vector<std::string> flags;    ///< for every row that the networks grade
  std::optional<StackRecipe> stack;  ///< empty: no second stage
  /// After training, the heads alone are trained on with this; empty: they are not (fifth place of RSNA 2024).
  std::optional<OptimisationRecipe> weighted_head;
  PseudoLabelRecipe pseudo_labels;

  std::vector<int> folds_to_run() const;
  /// How a network is trained: as all, but for its own epochs.
  OptimisationRecipe optimisation_of(const NetworkRecipe& network) const;
};

/// Every number of it, for the record of a run.
nlohmann::json to_json(const PointShares& shares);
nlohmann::json to_json(const AugmentationRecipe& recipe);

/// Reads a recipe. Error (Usage) naming file, key and, for an unknown key, the nearest valid one.
GraderRecipe read_recipe(const std::filesystem::path& path);

}  // namespace lumbargrade
