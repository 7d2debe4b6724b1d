#include "bundle/manifest_grading.h"

#include <algorithm>
#include <cmath>

#include "bundle/manifest_measures.h"
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

TtaTransform read_transform(const StrictObject& object) {
  TtaTransform transform;
  if (object.has("row_mm")) transform.row_mm = object.number("row_mm", -kMaxTransformMm, kMaxTransformMm);
  if (object.has("column_mm")) transform.column_mm = object.number("column_mm", -kMaxTransformMm, kMaxTransformMm);
  if (object.has("degrees")) transform.degrees = object.number("degrees", -kMaxTransformDegrees, kMaxTransformDegrees);
  if (object.has("mirror")) transform.mirror = object.boolean("mirror");
  return transform;
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

}  // namespace

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

}  // namespace lumbargrade
