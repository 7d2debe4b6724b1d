#include "bundle/manifest_grading.h"

#include <algorithm>
#include <cmath>

#include "bundle/measure_keys.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kSumTolerance = 1e-6;
constexpr double kMaxTransformMm = 50;
constexpr double kMaxTransformDegrees = 180;
constexpr std::size_t kMaxFlagLength = 64;
const std::vector<std::string> kCombinations = {"probabilities", "logits"};
// Far above anything useful: it keeps a hostile manifest from filling hours.
constexpr std::size_t kMaxTransforms = 64;
constexpr double kSmallestCut = 1e-6;  // a cut-point of 0 could never be reached
constexpr double kSmallestWidth = 1e-3;
constexpr double kLargestWidth = 10;
constexpr double kLargestNorm = 1e6;
constexpr std::int64_t kMostMeasures = 1'000'000'000;
constexpr double kLargestFeature = 1e6;
constexpr double kSmallestScale = 1e-9;

/// The keys of all levels: "l1_l2" ...
std::vector<std::string> level_keys() {
  std::vector<std::string> keys;
  for (const Level level : kLevels) keys.emplace_back(level_key(level));
  return keys;
}

Probabilities read_probabilities(const StrictObject& object, const std::string& key) {
  const std::vector<double> values = object.numbers(key, kSeverityCount, 0, 1);
  Probabilities probabilities{};
  std::copy(values.begin(), values.end(), probabilities.begin());
  const double sum = probabilities[0] + probabilities[1] + probabilities[2];
  if (std::abs(sum - 1) > kSumTolerance) object.fail(key, text("must sum to 1, not ", sum));
  return probabilities;
}

void read_prior(const StrictObject& object, GradingSpec& grading) {
  grading.prior_source = object.string("source");
  for (const Condition condition : kConditions) {
    const StrictObject levels = object.object(std::string(condition_key(condition)), level_keys());
    for (const Level level : kLevels) {
      grading.prior[index_of(condition)][index_of(level)] = read_probabilities(levels, std::string(level_key(level)));
    }
  }
}

Condition read_condition(const StrictObject& object) {
  std::vector<std::string> keys;
  for (const Condition condition : kConditions) keys.emplace_back(condition_key(condition));
  const std::string key = object.one_of("condition", keys);
  return kConditions[static_cast<std::size_t>(std::find(keys.begin(), keys.end(), key) - keys.begin())];
}

/// Words of core/flags.h or of the bundle's own; a row parts its flags by blanks.
std::vector<std::string> read_flags(const StrictObject& object) {
  std::vector<std::string> flags = object.strings("flags", 0);
  for (const std::string& flag : flags) {
    const bool is_word = flag.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!is_word || flag.size() > kMaxFlagLength) {
      object.fail("flags", text("holds \"", flag, "\"; a flag is at most ", kMaxFlagLength,
                                " lower-case letters, digits and _"));
    }
  }
  return flags;
}

ConditionSpec read_condition_spec(const StrictObject& object) {
  ConditionSpec spec;
  spec.condition = read_condition(object);
  spec.source = object.string("source");
  spec.combine = object.one_of("combine", kCombinations);
  spec.temperature = object.number("temperature", 0.01, 100);
  spec.measure_weight = object.number("measure_weight", 0, 1);
  spec.model_weight = object.number("model_weight", 0, 1);
  if (object.has("flags")) spec.flags = read_flags(object);
  for (const auto& transform : object.objects("looks", {}, {"row_mm", "column_mm", "degrees", "mirror"})) {
    spec.tta.push_back(read_transform(transform));
  }
  if (spec.tta.empty()) object.fail("looks", "must have at least one entry; {} is the plain look");
  if (spec.tta.size() > kMaxTransforms) {
    object.fail("looks", text("has ", spec.tta.size(), " entries, more than ", kMaxTransforms));
  }
  return spec;
}

void read_conditions(const StrictObject& object, GradingSpec& grading) {
  for (const auto& entry : object.objects(
           "heads", {"condition", "source", "combine", "temperature", "measure_weight", "model_weight", "looks"},
           {"flags"})) {
    const ConditionSpec spec = read_condition_spec(entry);
    if (grading.condition(spec.condition)) {
      object.fail("heads", text("has \"", condition_key(spec.condition), "\" twice"));
    }
    grading.conditions.push_back(spec);
  }
}

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

/// The measure models, reference samples and finder of foramina under "grading".
void read_measures(const StrictObject& object, GradingSpec& grading) {
  if (object.has("foramen_finder")) {
    grading.foramen_finder = read_foramen_finder(object.object("foramen_finder", {"source", "weights"}));
  }
  for (const MeasureKey& measure : kMeasureKeys) {
    if (object.has(measure.key)) grading.measure(measure.measure) = read_measure(object, measure);
  }
  if (!object.has("reference_samples")) return;
  std::vector<std::string> names;
  for (const Measure measure : kMeasures) names.emplace_back(measure_name(measure));
  const StrictObject samples = object.object("reference_samples", {}, names);
  for (const Measure measure : kMeasures) {
    const std::string name(measure_name(measure));
    if (samples.has(name)) {
      grading.reference_samples[index_of(measure)] = read_reference_sample(samples, name);
    }
  }
}

}  // namespace

TtaTransform read_transform(const StrictObject& object) {
  TtaTransform transform;
  if (object.has("row_mm")) transform.row_mm = object.number("row_mm", -kMaxTransformMm, kMaxTransformMm);
  if (object.has("column_mm")) transform.column_mm = object.number("column_mm", -kMaxTransformMm, kMaxTransformMm);
  if (object.has("degrees")) transform.degrees = object.number("degrees", -kMaxTransformDegrees, kMaxTransformDegrees);
  if (object.has("mirror")) transform.mirror = object.boolean("mirror");
  return transform;
}

GradingSpec read_grading(const StrictObject& object) {
  std::vector<std::string> prior_keys = {"source"};
  for (const Condition condition : kConditions) prior_keys.emplace_back(condition_key(condition));
  GradingSpec grading;
  read_prior(object.object("prior", prior_keys), grading);
  read_measures(object, grading);
  if (object.has("points")) {
    const StrictObject points = object.object("points", {"source", "least_confidence"});
    grading.points = PointsSpec{points.string("source"), points.number("least_confidence", 0, 1)};
  }
  if (object.has("heads")) read_conditions(object, grading);
  return grading;
}

NamingSpec read_naming(const StrictObject& object) {
  return {object.string("source"), read_features(object, "discs"), read_features(object, "out_of_view")};
}

}  // namespace lumbargrade
