#include "bundle/manifest_measures.h"

#include <algorithm>

#include "bundle/measure_keys.h"

namespace lumbargrade {
namespace {

constexpr double kSmallestCut = 1e-6;  // a cut-point of 0 could never be reached
constexpr double kSmallestWidth = 1e-3;
constexpr double kLargestWidth = 10;
constexpr double kLargestNorm = 1e6;
constexpr std::int64_t kMostMeasures = 1'000'000'000;
constexpr double kLargestFeature = 1e6;
constexpr double kSmallestScale = 1e-9;

MeasureModel::LevelCuts read_cuts(const StrictObject& levels, Level level, const MeasureKey& measure) {
  const std::string moderate = std::string("moderate_below") + measure.unit;
  const std::string severe = std::string("severe_below") + measure.unit;
  std::vector<std::string> keys = {moderate, severe};
  std::string reference;
  if (measure.reference_unit != nullptr) {
    reference = std::string("typical_reference") + measure.reference_unit;
    keys.push_back(reference);
  }
  const StrictObject object = levels.object(std::string(level_key(level)), keys);
  MeasureModel::LevelCuts cuts;
  cuts.moderate_below = object.number(moderate, kSmallestCut, measure.limit);
  cuts.severe_below = object.number(severe, kSmallestCut, measure.limit);
  if (!reference.empty()) cuts.typical_reference = object.number(reference, kSmallestCut, kLargestNorm);
  if (cuts.severe_below >= cuts.moderate_below) object.fail(severe, "must be less than " + moderate);
  return cuts;
}

MeasureModel read_measure(const StrictObject& grading, const MeasureKey& measure) {
  std::vector<std::string> keys = {"source", "width", "model_weight", "levels"};
  if (measure.reference_unit != nullptr) keys.emplace_back("reference_exponent");
  const StrictObject object = grading.object(measure.key, keys);
  MeasureModel model;
  model.source = object.string("source");
  if (measure.reference_unit != nullptr) model.reference_exponent = object.number("reference_exponent", -1, 1);
  model.width = object.number("width", kSmallestWidth, kLargestWidth);
  model.model_weight = object.number("model_weight", 0, 1);
  const StrictObject levels = object.object("levels", level_keys());
  for (const Level level : kLevels) {
    model.levels[index_of(level)] = read_cuts(levels, level, measure);
  }
  return model;
}

ReferenceSample read_reference_sample(const StrictObject& samples, const std::string& key) {
  const StrictObject object = samples.object(key, {"source", "levels"});
  ReferenceSample sample;
  sample.source = object.string("source");
  const StrictObject levels = object.object("levels", {}, level_keys());
  for (const Level level : kLevels) {
    const std::string at(level_key(level));
    if (!levels.has(at)) continue;
    const StrictObject norm = levels.object(at, {"mean", "sd", "count"});
    sample.levels[index_of(level)] =
        MeasureNorm{norm.number("mean", -kLargestNorm, kLargestNorm), norm.number("sd", kSmallestScale, kLargestNorm),
                    norm.integer("count", 2, kMostMeasures)};
  }
  return sample;
}

std::vector<NamingSpec::Feature> read_features(const StrictObject& naming, const std::string& key) {
  std::vector<NamingSpec::Feature> features;
  for (const auto& object : naming.objects(key, {"name", "mean", "scale", "weight"})) {
    features.push_back({object.string("name"), object.number("mean", -kLargestFeature, kLargestFeature),
                        object.number("scale", kSmallestScale, kLargestFeature),
                        object.number("weight", -kLargestFeature, kLargestFeature)});
  }
  return features;
}

ForamenFinder read_foramen_finder(const StrictObject& object) {
  ForamenFinder finder;
  finder.source = object.string("source");
  const auto weights = object.numbers("weights", ForamenFinder::kWeights, -kLargestFeature, kLargestFeature);
  std::copy(weights.begin(), weights.end(), finder.weights.begin());
  return finder;
}

}  // namespace

std::vector<std::string> level_keys() {
  std::vector<std::string> keys;
  for (const Level level : kLevels) keys.emplace_back(level_key(level));
  return keys;
}

void read_measures(const StrictObject& grading_object, GradingSpec& grading) {
  if (grading_object.has("foramen_finder")) {
    grading.foramen_finder = read_foramen_finder(grading_object.object("foramen_finder", {"source", "weights"}));
  }
  for (const MeasureKey& measure : kMeasureKeys) {
    if (grading_object.has(measure.key)) grading.measure(measure.measure) = read_measure(grading_object, measure);
  }
  if (!grading_object.has("reference_samples")) return;
  std::vector<std::string> names;
  for (const Measure measure : kMeasures) names.emplace_back(measure_name(measure));
  const StrictObject samples = grading_object.object("reference_samples", {}, names);
  for (const Measure measure : kMeasures) {
    const std::string name(measure_name(measure));
    if (samples.has(name)) {
      grading.reference_samples[index_of(measure)] = read_reference_sample(samples, name);
    }
  }
}

NamingSpec read_naming(const StrictObject& object) {
  return {object.string("source"), read_features(object, "discs"), read_features(object, "out_of_view")};
}

}  // namespace lumbargrade
