#include "training/grader/grader_recipe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bundle/manifest_grading.h"
#include "core/error.h"
#include "core/files.h"
#include "core/strict_json.h"
#include "core/strict_object.h"
#include "network/architecture.h"
#include "network/grader_network.h"
#include "network/study_stack.h"

namespace lumbargrade {
namespace {

constexpr int kMaxDepth = 12;
constexpr double kShareTolerance = 1e-6;
constexpr int kMostEpochs = 10000;
const std::vector<std::string> kSeries = {"sagittal_t1", "sagittal_t2", "axial_t2"};
const std::vector<std::string> kAnchors = {"canal", "foramen", "recess"};
const std::vector<std::string> kOptimisationKeys = {"epochs",       "studies_per_batch", "accumulate", "rate",
                                                    "weight_decay", "warm_up",           "average",    "clip_norm",
                                                    "patience",     "class_weights",     "any_severe"};

int whole(const StrictObject& object, const std::string& key, int minimum, int maximum, int otherwise) {
  return object.has(key) ? static_cast<int>(object.integer(key, minimum, maximum)) : otherwise;
}

double real(const StrictObject& object, const std::string& key, double minimum, double maximum, double otherwise) {
  return object.has(key) ? object.number(key, minimum, maximum) : otherwise;
}

template <typename Value>
Value chosen(const StrictObject& object, const std::string& key, const std::vector<std::string>& words,
             const std::vector<Value>& values) {
  const std::string word = object.one_of(key, words);
  return values[static_cast<size_t>(std::find(words.begin(), words.end(), word) - words.begin())];
}

View read_view(const StrictObject& object) {
  View view;
  view.series = chosen<SeriesRole>(object, "series", kSeries,
                                   {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2});
  view.anchor = chosen<Anchor>(object, "anchor", kAnchors, {Anchor::Canal, Anchor::Foramen, Anchor::Recess});
  view.name = object.has("name") ? object.string("name") : object.string("series");
  view.slices = whole(object, "slices", 1, 63, view.slices);
  if (view.slices % 2 == 0) object.fail("slices", "must be odd");
  view.size_px = whole(object, "size_px", 16, 512, view.size_px);
  view.pixel_mm = real(object, "pixel_mm", 0.1, 5, view.pixel_mm);
  view.slice_mm = real(object, "slice_mm", 0.1, 20, view.slice_mm);
  if (object.has("mirrored")) view.mirrored = object.boolean("mirrored");
  if (object.has("relative_to_discs")) view.relative_to_discs = object.boolean("relative_to_discs");
  return view;
}

/// Slices that come as channels are as many as the views have.
void check_slices(const StrictObject& object, const GraderNetworkOptions& options, const std::vector<View>& views) {
  if (options.slices_as != SlicesAs::Channels) return;
  for (const View& view : views) {
    if (view.slices == options.slices) continue;
    object.fail("parameters",
                text("take ", options.slices, " slices as channels, the view ", view.name, " has ", view.slices));
  }
}

/// The word's condition. `key` holds it.
Condition condition_of(const StrictObject& object, const std::string& key, const std::string& word) {
  for (const Condition condition : kConditions) {
    if (condition_key(condition) == word) return condition;
  }
  object.fail(key, "names no condition: \"" + word + "\"");
}

/// What a network grades: `condition`, or `conditions`.
std::vector<Condition> read_conditions(const StrictObject& object) {
  if (object.has("condition") == object.has("conditions")) {
    object.fail("condition", object.has("condition") ? "contradicts conditions: a network has one of the two"
                                                     : "is missing: what the network grades, or conditions");
  }
  if (object.has("condition")) return {condition_of(object, "condition", object.string("condition"))};
  std::vector<Condition> conditions;
  for (const std::string& word : object.strings("conditions")) {
    conditions.push_back(condition_of(object, "conditions", word));
    if (std::count(conditions.begin(), conditions.end(), conditions.back()) > 1)
      object.fail("conditions", "names \"" + word + "\" twice");
  }
  std::sort(conditions.begin(), conditions.end());
  return conditions;
}

NetworkRecipe read_network(const StrictObject& object) {
  NetworkRecipe network;
  network.conditions = read_conditions(object);
  for (const auto& view :
       object.objects("views", {"series", "anchor"},
                      {"name", "slices", "size_px", "pixel_mm", "slice_mm", "mirrored", "relative_to_discs"})) {
    network.views.push_back(read_view(view));
  }
  if (network.views.empty()) object.fail("views", "must have at least one entry");
  if (const auto unseen = unseen_condition(network.conditions, network.views)) {
    object.fail("conditions", text("hold ", condition_key(*unseen), ", but no view has the anchor ",
                                   anchor_name(anchor_of(*unseen))));
  }
  network.parameters = object.free_object("parameters");
  if (network.parameters.contains("outputs")) object.fail("parameters", "hold outputs, which follow from conditions");
  if (network.conditions.size() > 1) {
    for (const OutputSpec& output : outputs_of(network.conditions))
      network.parameters["outputs"].push_back(output.name);
  }
  if (object.has("epochs")) network.epochs = whole(object, "epochs", 1, kMostEpochs, 1);
  network.parameters["views"] = nlohmann::json::array();
  for (const View& view : network.views) network.parameters["views"].push_back(view.name);
  // What the architecture refuses is the recipe's fault here.
  try {
    const GraderNetworkOptions options =
        read_grader_options(network.parameters, object.file(), object.place_of("parameters"));
    check_slices(object, options, network.views);
  } catch (const Error& error) {
    throw Error(ErrorKind::Usage, error.what());
  }
  return network;
}

PointShares read_points(const StrictObject& object) {
  PointShares shares;
  shares.given = real(object, "given", 0, 1, 0);
  shares.predicted = real(object, "predicted", 0, 1, 0);
  shares.jittered = real(object, "jittered", 0, 1, 0);
  const double sum = shares.given + shares.predicted + shares.jittered;
  if (std::abs(sum - 1) > kShareTolerance)
    object.fail("", text("given, predicted and jittered must sum to 1, not ", sum));
  return shares;
}

AugmentationRecipe read_augmentation(const StrictObject& object) {
  AugmentationRecipe recipe;
  recipe.jitter_mm = real(object, "jitter_mm", 0, 20, recipe.jitter_mm);
  recipe.jitter_slices = whole(object, "jitter_slices", 0, 5, recipe.jitter_slices);
  recipe.rotation_degrees = real(object, "rotation_degrees", 0, 90, recipe.rotation_degrees);
  recipe.scale = real(object, "scale", 0, 0.5, recipe.scale);
  recipe.contrast = real(object, "contrast", 0, 1, recipe.contrast);
  recipe.noise = real(object, "noise", 0, 1, recipe.noise);
  recipe.shear = real(object, "shear", 0, 1, recipe.shear);
  recipe.elastic_mm = real(object, "elastic_mm", 0, 10, recipe.elastic_mm);
  recipe.blur = real(object, "blur", 0, 1, recipe.blur);
  recipe.cut_out = real(object, "cut_out", 0, 1, recipe.cut_out);
  recipe.shuffle_slices = real(object, "shuffle_slices", 0, 1, recipe.shuffle_slices);
  recipe.mixup = real(object, "mixup", 0, 1, recipe.mixup);
  recipe.cutmix = real(object, "cutmix", 0, 1, recipe.cutmix);
  if (object.has("mirror_canals")) recipe.mirror_canals = object.boolean("mirror_canals");
  if (recipe.mixup + recipe.cutmix > 1) object.fail("mixup", "and cutmix together must not exceed 1");
  return recipe;
}

OptimisationRecipe read_optimisation(const StrictObject& object, OptimisationRecipe recipe = {}) {
  recipe.epochs = whole(object, "epochs", 1, kMostEpochs, recipe.epochs);
  recipe.studies_per_batch = whole(object, "studies_per_batch", 1, 1024, recipe.studies_per_batch);
  recipe.accumulate = whole(object, "accumulate", 1, 1024, recipe.accumulate);
  recipe.rate = real(object, "rate", 1e-8, 1, recipe.rate);
  recipe.weight_decay = real(object, "weight_decay", 0, 1, recipe.weight_decay);
  recipe.warm_up = real(object, "warm_up", 0, 1, recipe.warm_up);
  recipe.average = real(object, "average", 0, 0.99999, recipe.average);
  recipe.clip_norm = real(object, "clip_norm", 1e-3, 1e6, recipe.clip_norm);
  recipe.patience = whole(object, "patience", 1, 10000, recipe.patience);
  if (object.has("class_weights")) {
    const auto weights = object.numbers("class_weights", kSeverityCount, 1e-3, 1e3);
    std::copy(weights.begin(), weights.end(), recipe.class_weights.begin());
  }
  recipe.any_severe = real(object, "any_severe", 0, 10, recipe.any_severe);
  return recipe;
}

/// `json` is the object that is read: those of its keys that the architecture knows are handed on to it.
StackRecipe read_stack(const StrictObject& object, nlohmann::json json) {
  StackRecipe recipe;
  recipe.steps = whole(object, "steps", 1, 100000, recipe.steps);
  recipe.rate = real(object, "rate", 1e-8, 1, recipe.rate);
  recipe.weight_decay = real(object, "weight_decay", 0, 10, recipe.weight_decay);
  for (const char* own : {"steps", "rate", "weight_decay"}) json.erase(own);
  try {
    read_stack_options(json, object.file(), "stack");
  } catch (const Error& error) {
    throw Error(ErrorKind::Usage, error.what());
  }
  recipe.parameters = std::move(json);
  return recipe;
}

/// A stack learns from what networks say of studies that they have not seen.
void check_out_of_fold(const StrictObject& object, const GraderRecipe& recipe) {
  if (!recipe.stack || recipe.folds_to_run().size() == static_cast<size_t>(recipe.folds)) return;
  object.fail("stack", text("has no out-of-fold predictions to learn from: run_folds runs ", recipe.run_folds.size(),
                            " of ", recipe.folds, " folds; run all of them, or leave the stack out"));
}

PseudoLabelRecipe read_pseudo_labels(const StrictObject& object) {
  PseudoLabelRecipe recipe;
  recipe.confidence = real(object, "confidence", 0, 1, recipe.confidence);
  recipe.weight = real(object, "weight", 1e-3, 1, recipe.weight);
  recipe.epochs = whole(object, "epochs", 1, kMostEpochs, recipe.epochs);
  recipe.rate = real(object, "rate", 1e-8, 1, recipe.rate);
  return recipe;
}

void read_folds(const StrictObject& object, GraderRecipe& recipe) {
  recipe.folds = whole(object, "folds", 2, 100, recipe.folds);
  if (!object.has("run_folds")) return;
  for (const auto fold : object.integers("run_folds", 1, 100, 0, recipe.folds - 1)) {
    if (std::count(recipe.run_folds.begin(), recipe.run_folds.end(), fold) > 0) {
      object.fail("run_folds", text("names fold ", fold, " twice"));
    }
    recipe.run_folds.push_back(static_cast<int>(fold));
  }
}

void read_networks(const StrictObject& object, GraderRecipe& recipe) {
  for (const auto& network :
       object.objects("networks", {"views", "parameters"}, {"condition", "conditions", "seeds", "epochs"})) {
    // Each is an entry of its own, and an entry's place is part of its seed.
    const int seeds = whole(network, "seeds", 1, 20, 1);
    for (int k = 0; k < seeds; ++k) recipe.networks.push_back(read_network(network));
  }
  if (recipe.networks.empty()) object.fail("networks", "must have at least one entry");
}

/// How networks are trained, stage by stage.
void read_training(const StrictObject& object, const nlohmann::json& json, GraderRecipe& recipe) {
  if (object.has("points"))
    recipe.points = read_points(object.object("points", {}, {"given", "predicted", "jittered"}));
  if (object.has("augmentation")) {
    recipe.augmentation = read_augmentation(
        object.object("augmentation", {},
                      {"jitter_mm", "jitter_slices", "rotation_degrees", "scale", "contrast", "noise", "shear",
                       "elastic_mm", "blur", "cut_out", "shuffle_slices", "mixup", "cutmix", "mirror_canals"}));
  }
  if (object.has("optimisation")) {
    recipe.optimisation = read_optimisation(object.object("optimisation", {}, kOptimisationKeys));
  }
  read_folds(object, recipe);
  if (object.has("stack")) {
    recipe.stack = read_stack(
        object.object("stack", {"kind"}, {"reach_levels", "hidden", "dropout", "steps", "rate", "weight_decay"}),
        json.at("stack"));
    check_out_of_fold(object, recipe);
  }
  if (object.has("weighted_head")) {
    recipe.weighted_head =
        read_optimisation(object.object("weighted_head", {}, kOptimisationKeys), recipe.optimisation);
  }
  if (object.has("pseudo_labels")) {
    recipe.pseudo_labels =
        read_pseudo_labels(object.object("pseudo_labels", {}, {"confidence", "weight", "epochs", "rate"}));
  }
  recipe.drop_suspects = real(object, "drop_suspects", 0, 1, 0);
}

/// What the bundle makes of its networks' answers.
void read_grading(const StrictObject& object, GraderRecipe& recipe) {
  if (object.has("prior")) recipe.keep_prior = object.one_of("prior", {"labels", "base"}) == "base";
  recipe.largest_model_weight = real(object, "largest_model_weight", 0, 1, 1);
  recipe.smallest_measure_weight = real(object, "smallest_measure_weight", 0, 1, 0);
  if (object.has("silent")) {
    for (const std::string& word : object.strings("silent", 0))
      recipe.silent.push_back(condition_of(object, "silent", word));
  }
  if (object.has("combine")) recipe.combine = object.one_of("combine", {"probabilities", "logits"});
  if (object.has("flags")) recipe.flags = object.strings("flags", 0);
  if (!object.has("looks")) return;
  recipe.tta.clear();
  for (const auto& transform : object.objects("looks", {}, {"row_mm", "column_mm", "degrees", "mirror"})) {
    recipe.tta.push_back(read_transform(transform));
  }
  if (recipe.tta.empty()) object.fail("looks", "must have at least one entry; {} is the plain look");
}

GraderRecipe parse_recipe(const std::string& content, const std::string& file) {
  const JsonSource source{file, ErrorKind::Usage};
  const nlohmann::json json = parse_strict_json(content, source, kMaxDepth);
  const StrictObject object(json, source, "", {"name", "origin", "needs", "networks"},
                            {"points", "augmentation", "optimisation", "folds", "run_folds", "drop_suspects", "combine",
                             "looks", "flags", "prior", "largest_model_weight", "smallest_measure_weight", "silent",
                             "stack", "pseudo_labels", "weighted_head"});
  GraderRecipe recipe;
  recipe.name = object.string("name");
  recipe.origin = object.string("origin");
  recipe.needs = object.string("needs");
  read_networks(object, recipe);
  read_training(object, json, recipe);
  read_grading(object, recipe);
  return recipe;
}

}  // namespace

OptimisationRecipe GraderRecipe::optimisation_of(const NetworkRecipe& network) const {
  OptimisationRecipe own = optimisation;
  own.epochs = network.epochs.value_or(own.epochs);
  return own;
}

std::vector<int> GraderRecipe::folds_to_run() const {
  if (!run_folds.empty()) return run_folds;
  std::vector<int> all(static_cast<size_t>(folds));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

nlohmann::json to_json(const PointShares& shares) {
  return {{"given", shares.given}, {"predicted", shares.predicted}, {"jittered", shares.jittered}};
}

nlohmann::json to_json(const AugmentationRecipe& recipe) {
  return {{"jitter_mm", recipe.jitter_mm},
          {"jitter_slices", recipe.jitter_slices},
          {"rotation_degrees", recipe.rotation_degrees},
          {"scale", recipe.scale},
          {"contrast", recipe.contrast},
          {"noise", recipe.noise},
          {"shear", recipe.shear},
          {"elastic_mm", recipe.elastic_mm},
          {"blur", recipe.blur},
          {"cut_out", recipe.cut_out},
          {"shuffle_slices", recipe.shuffle_slices},
          {"mixup", recipe.mixup},
          {"cutmix", recipe.cutmix},
          {"mirror_canals", recipe.mirror_canals}};
}

GraderRecipe read_recipe(const std::filesystem::path& path) {
  const auto content = file_text(path);
  if (!content) throw Error(ErrorKind::Usage, text("cannot read the recipe ", path.string()));
  return parse_recipe(*content, path.string());
}

}  // namespace lumbargrade
