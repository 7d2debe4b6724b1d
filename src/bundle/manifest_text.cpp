#include "bundle/manifest.h"
#include "bundle/measure_keys.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order in which a person wants to read

Json to_json(const InputSpec& input);
Json to_json(const NetworkSpec& network);
Json to_json(const ConditionSpec& spec);

Json to_json(const AxisSpec& axis) {
  Json json = {{"name", axis.name}};
  if (axis.size) json["size"] = *axis.size;
  if (axis.multiple_of != 1) json["multiple_of"] = axis.multiple_of;
  if (axis.spacing_mm) json["spacing_mm"] = *axis.spacing_mm;
  if (axis.towards) json["towards"] = *axis.towards;
  return json;
}

Json to_json(const OutputSpec& output) {
  return {{"name", output.name},
          {"classes", output.classes},
          {"activation", output.activation},
          {"temperature", output.temperature},
          {"downsampling", output.downsampling}};
}

Json to_json(const TtaTransform& transform) {
  Json json = Json::object();
  if (transform.row_mm != 0) json["row_mm"] = transform.row_mm;
  if (transform.column_mm != 0) json["column_mm"] = transform.column_mm;
  if (transform.degrees != 0) json["degrees"] = transform.degrees;
  if (transform.mirror) json["mirror"] = true;
  return json;
}

Json to_json(const TrainingDataSpec& data) {
  return {{"used_for", data.used_for}, {"source", data.source}, {"licence", data.licence},
          {"count", data.count},       {"unit", data.unit},     {"split", data.split}};
}

Json to_json(const MetricSpec& metric) {
  return {{"what", metric.what}, {"name", metric.name}, {"value", metric.value},
          {"unit", metric.unit}, {"set", metric.set},   {"count", metric.count}};
}

Json to_json(const NamingSpec::Feature& feature) {
  return {{"name", feature.name}, {"mean", feature.mean}, {"scale", feature.scale}, {"weight", feature.weight}};
}

template <typename Spec>
Json list_of(const std::vector<Spec>& specs) {
  Json json = Json::array();
  for (const Spec& spec : specs) json.push_back(to_json(spec));
  return json;
}

Json to_json(const InputSpec& input) {
  if (input.series.empty()) return {{"name", input.name}, {"axes", list_of(input.axes)}};
  Json json = {{"name", input.name},
               {"series", input.series},
               {"axes", list_of(input.axes)},
               {"interpolation", input.interpolation},
               {"padding", input.padding},
               {"normalisation",
                {{"low_percentile", input.normalisation.low_percentile},
                 {"high_percentile", input.normalisation.high_percentile}}}};
  if (const auto& scale = input.normalisation.scale) {
    json["normalisation"]["mean"] = scale->mean;
    json["normalisation"]["deviation"] = scale->deviation;
  }
  if (!input.anchor.empty()) json["anchor"] = input.anchor;
  if (!input.mirrored) json["mirrored"] = false;
  if (input.relative_to_discs) json["relative_to_discs"] = true;
  return json;
}

Json to_json(const NetworkSpec& network) {
  Json json = {{"role", network.role},
               {"name", network.name},
               {"architecture", network.architecture},
               {"parameters", network.parameters},
               {"file", network.weights.file},
               {"sha256", network.weights.sha256}};
  json["inputs"] = list_of(network.inputs);
  json["outputs"] = list_of(network.outputs);
  json["golden"] = {{"file", network.golden.tensors.file},
                    {"sha256", network.golden.tensors.sha256},
                    {"tolerance", network.golden.tolerance}};
  for (const auto& [layer, range] : network.activation_ranges) {
    json["activation_ranges"][layer] = {range.low, range.high};
  }
  return json;
}

Json prior_json(const GradingSpec& grading) {
  Json json = {{"source", grading.prior_source}};
  for (const Condition condition : kConditions) {
    Json& levels = json[std::string(condition_key(condition))];
    for (const Level level : kLevels) {
      levels[std::string(level_key(level))] = grading.prior[index_of(condition)][index_of(level)];
    }
  }
  return json;
}

/// Only a measure with a reference writes about it.
Json measure_json(const MeasureModel& measure, const MeasureKey& key) {
  const std::string unit = key.unit;
  Json json = {{"source", measure.source}};
  if (key.reference_unit != nullptr) json["reference_exponent"] = measure.reference_exponent;
  json["width"] = measure.width;
  json["model_weight"] = measure.model_weight;
  for (const Level level : kLevels) {
    const auto& cuts = measure.levels[index_of(level)];
    Json& written = json["levels"][std::string(level_key(level))];
    written = {{"moderate_below" + unit, cuts.moderate_below}, {"severe_below" + unit, cuts.severe_below}};
    if (key.reference_unit != nullptr) {
      written["typical_reference" + std::string(key.reference_unit)] = cuts.typical_reference;
    }
  }
  return json;
}

Json reference_samples_json(const GradingSpec& grading) {
  Json json = Json::object();
  for (const Measure measure : kMeasures) {
    const auto& sample = grading.reference_samples[index_of(measure)];
    if (!sample) continue;
    Json& written = json[std::string(measure_name(measure))];
    written["source"] = sample->source;
    written["levels"] = Json::object();
    for (const Level level : kLevels) {
      const auto& norm = sample->levels[index_of(level)];
      if (!norm) continue;
      written["levels"][std::string(level_key(level))] = {
          {"mean", norm->mean}, {"sd", norm->sd}, {"count", norm->count}};
    }
  }
  return json;
}

Json to_json(const ConditionSpec& spec) {
  return {{"condition", condition_key(spec.condition)},
          {"source", spec.source},
          {"combine", spec.combine},
          {"temperature", spec.temperature},
          {"flags", spec.flags},
          {"measure_weight", spec.measure_weight},
          {"model_weight", spec.model_weight},
          {"looks", list_of(spec.tta)}};
}

Json grading_json(const GradingSpec& grading) {
  Json json = {{"prior", prior_json(grading)}};
  for (const MeasureKey& key : kMeasureKeys) {
    const auto& measure = grading.measure(key.measure);
    if (measure) json[key.key] = measure_json(*measure, key);
  }
  if (const Json samples = reference_samples_json(grading); !samples.empty()) json["reference_samples"] = samples;
  if (const auto& finder = grading.foramen_finder) {
    json["foramen_finder"] = {{"source", finder->source}, {"weights", finder->weights}};
  }
  if (const auto& points = grading.points) {
    json["points"] = {{"source", points->source}, {"least_confidence", points->least_confidence}};
  }
  if (!grading.conditions.empty()) json["heads"] = list_of(grading.conditions);
  return json;
}

nlohmann::json interface_json(const NetworkSpec& network) {
  const Json json = {{"inputs", list_of(network.inputs)}, {"outputs", list_of(network.outputs)}};
  return nlohmann::json::parse(json.dump());
}

/// "/inputs/0/name" as "inputs[0].name".
std::string key_of(const nlohmann::json::json_pointer& pointer) {
  std::string key;
  for (auto rest = pointer; !rest.empty(); rest = rest.parent_pointer()) {
    const std::string& token = rest.back();
    const bool is_index = token.find_first_not_of("0123456789") == std::string::npos;
    key = is_index ? text("[", token, "]", key) : text(".", token, key);
  }
  return key.empty() ? key : key.substr(1);
}

}  // namespace

nlohmann::json image_input_json(const InputSpec& input) {
  return nlohmann::json::parse(to_json(input).dump());
}

std::string first_difference(const NetworkSpec& wanted, const NetworkSpec& declared) {
  const nlohmann::json expected = interface_json(wanted);
  const nlohmann::json patch = nlohmann::json::diff(expected, interface_json(declared));
  if (patch.empty()) return "";
  const nlohmann::json& change = patch.front();
  const nlohmann::json::json_pointer place(change.at("path").get<std::string>());
  const std::string key = key_of(place), operation = change.at("op").get<std::string>();
  if (operation == "remove") return text(key, " is missing, this version works with ", expected.at(place).dump());
  if (operation == "add") return text(key, " is ", change.at("value").dump(), ", this version knows none there");
  return text(key, " is ", change.at("value").dump(), ", this version works with ", expected.at(place).dump());
}

std::string manifest_text(const Manifest& manifest) {
  Json json = {{"schema_version", kManifestSchemaVersion},
               {"name", manifest.name},
               {"version", manifest.version},
               {"licence", manifest.licence},
               {"attribution", manifest.attribution},
               {"intended_use", manifest.intended_use},
               {"networks", list_of(manifest.networks)}};
  if (manifest.naming) {
    json["naming"] = {{"source", manifest.naming->source},
                      {"discs", list_of(manifest.naming->discs)},
                      {"out_of_view", list_of(manifest.naming->out_of_view)}};
  }
  json["grading"] = grading_json(manifest.grading);
  json["training_data"] = list_of(manifest.training_data);
  json["metrics"] = list_of(manifest.metrics);
  return json.dump(2) + "\n";
}

}  // namespace lumbargrade
