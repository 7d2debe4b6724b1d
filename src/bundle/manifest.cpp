#include "bundle/manifest.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "bundle/manifest_grading.h"
#include "bundle/measure_keys.h"
#include "core/error.h"
#include "core/strict_json.h"
#include "core/strict_object.h"

namespace lumbargrade {
namespace {

constexpr int kMaxDepth = 12;
constexpr std::uintmax_t kMaxManifestBytes = std::uintmax_t{4} << 20;
constexpr std::int64_t kMaxAxisSize = 4096;
constexpr std::int64_t kMaxCount = 1'000'000'000;
constexpr double kMaxMillimetres = 1000;
constexpr double kMaxMetric = 1e9;
constexpr double kMaxActivation = 1e6;

const std::vector<std::string> kRoles = {"locator",    "canal",         "foraminal", "subarticular",
                                         kSeveralRole, "canal_outline", kStackRole,  kPointsRole};
const std::vector<std::string> kAnchors = {"canal", "foramen", "recess"};
// Totals, far above anything useful: they keep a hostile manifest from filling memory or hours.
constexpr std::size_t kMaxNetworks = 128;
constexpr std::int64_t kMaxInputValues = std::int64_t{1} << 20;  // of one crop: 16 slices of 256 x 256
const std::vector<std::string> kSeries = {"sagittal_t1", "sagittal_t2", "axial_t2"};
const std::vector<std::string> kAxes = {"channel", "slice", "row", "column", "finding", "class"};
const std::vector<std::string> kImageKeys = {"series", "interpolation", "padding", "normalisation"};
const std::vector<std::string> kInputKeys = {"series", "interpolation", "padding",          "normalisation",
                                             "anchor", "mirrored",      "relative_to_discs"};
const std::vector<std::string> kDirections = {"left", "right", "anterior", "posterior", "head", "feet"};
const std::vector<std::string> kInterpolations = {"linear", "cubic", "nearest"};
const std::vector<std::string> kPaddings = {"minimum", "zero", "edge"};
const std::vector<std::string> kActivations = {"softmax", "sigmoid", "places"};

/// A file name inside the bundle: no way out of its folder, nothing hidden, no surprise for any file system.
std::string file_name(const StrictObject& object, const std::string& key) {
  std::string name = object.string(key);
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '.' || c == '_' || c == '-' || c == '/';
  });
  if (!plain) object.fail(key, "may hold letters, digits and . _ - / only: \"" + name + "\"");
  const std::filesystem::path path(name);
  if (path.is_absolute()) object.fail(key, "must be relative to the bundle, not \"" + name + "\"");
  for (const auto& part : path) {
    if (part.empty() || part.native().front() == '.') {
      object.fail(key, "must not climb out of the bundle or hide: \"" + name + "\"");
    }
  }
  return name;
}

std::string checksum(const StrictObject& object, const std::string& key) {
  std::string digits = object.string(key);
  const bool valid = digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!valid) object.fail(key, "must be 64 lower-case hexadecimal digits, not \"" + digits + "\"");
  return digits;
}

template <typename Spec>
void check_unique(const std::vector<Spec>& specs, std::string Spec::*member, const StrictObject& object,
                  const std::string& key) {
  std::set<std::string> seen;
  for (const Spec& spec : specs) {
    if (!seen.insert(spec.*member).second) object.fail(key, "has \"" + spec.*member + "\" twice");
  }
}

AxisSpec read_axis(const StrictObject& object) {
  AxisSpec axis;
  axis.name = object.one_of("name", kAxes);
  if (object.has("size")) axis.size = object.integer("size", 1, kMaxAxisSize);
  if (object.has("multiple_of")) axis.multiple_of = object.integer("multiple_of", 1, kMaxAxisSize);
  if (object.has("spacing_mm")) axis.spacing_mm = object.number("spacing_mm", 1e-3, kMaxMillimetres);
  if (object.has("towards")) axis.towards = object.one_of("towards", kDirections);
  return axis;
}

NormalisationSpec read_normalisation(const StrictObject& object) {
  NormalisationSpec normalisation;
  normalisation.low_percentile = object.number("low_percentile", 0, 100);
  normalisation.high_percentile = object.number("high_percentile", 0, 100);
  if (normalisation.low_percentile >= normalisation.high_percentile) {
    object.fail("low_percentile", "must be less than high_percentile");
  }
  if (object.has("mean") != object.has("deviation")) object.fail("mean", "and deviation belong together");
  if (object.has("mean")) {
    normalisation.scale = GreyScale{object.number("mean", -10, 10), object.number("deviation", 1e-3, 1e3)};
  }
  return normalisation;
}

std::vector<std::string> read_series(const StrictObject& object) {
  std::vector<std::string> series = object.strings("series");
  for (const std::string& role : series) {
    if (std::find(kSeries.begin(), kSeries.end(), role) == kSeries.end()) {
      object.fail("series", "holds the unknown role \"" + role + "\"; valid are sagittal_t1, sagittal_t2, axial_t2");
    }
  }
  return series;
}

/// What an input that is cut from images has besides its axes.
void read_image_input(const StrictObject& object, InputSpec& input) {
  for (const std::string& key : kImageKeys) {
    if (!object.has(key)) object.fail(key, "is missing");
  }
  input.series = read_series(object);
  input.interpolation = object.one_of("interpolation", kInterpolations);
  input.padding = object.one_of("padding", kPaddings);
  input.normalisation =
      read_normalisation(object.object("normalisation", {"low_percentile", "high_percentile"}, {"mean", "deviation"}));
  if (object.has("anchor")) input.anchor = object.one_of("anchor", kAnchors);
  if (object.has("mirrored")) input.mirrored = object.boolean("mirrored");
  if (object.has("relative_to_discs")) input.relative_to_discs = object.boolean("relative_to_discs");
}

/// Values of the input's smallest tensor.
void check_input_size(const StrictObject& object, const InputSpec& input) {
  std::int64_t values = 1;
  for (const AxisSpec& axis : input.axes) {
    values *= axis.size.value_or(axis.multiple_of);
    if (values > kMaxInputValues) object.fail("axes", text("describe more than ", kMaxInputValues, " values"));
  }
}

InputSpec read_input(const StrictObject& object, bool from_images) {
  InputSpec input;
  input.name = object.string("name");
  for (const auto& axis : object.objects("axes", {"name"}, {"size", "multiple_of", "spacing_mm", "towards"})) {
    input.axes.push_back(read_axis(axis));
  }
  if (input.axes.empty()) object.fail("axes", "must have at least one entry");
  check_input_size(object, input);
  check_unique(input.axes, &AxisSpec::name, object, "axes");
  if (from_images) read_image_input(object, input);
  return input;
}

OutputSpec read_output(const StrictObject& object) {
  OutputSpec output;
  output.name = object.string("name");
  output.classes = object.strings("classes");
  output.activation = object.one_of("activation", kActivations);
  output.temperature = object.number("temperature", 0.01, 100);
  if (object.has("downsampling")) output.downsampling = object.integer("downsampling", 1, kMaxAxisSize);
  return output;
}

GoldenSpec read_golden(const StrictObject& object) {
  return {{file_name(object, "file"), checksum(object, "sha256")}, object.number("tolerance", 1e-9, 1)};
}

/// What networks of this role grade; nothing of other roles.
std::optional<Condition> condition_of(std::string_view role) {
  const auto found = std::find_if(kConditions.begin(), kConditions.end(),
                                  [&](Condition condition) { return grading_role(condition) == role; });
  return found == kConditions.end() ? std::nullopt : std::optional(*found);
}

/// A network of several conditions has an output for each of them.
void check_graded(const StrictObject& object, const NetworkSpec& network) {
  if (network.role != kSeveralRole) return;
  for (const OutputSpec& output : network.outputs) {
    if (condition_of(output.name)) continue;
    object.fail("outputs", text("has \"", output.name, "\"; of the role ", kSeveralRole,
                                " each is canal, foraminal or subarticular"));
  }
  if (network.outputs.size() < 2) object.fail("outputs", text("must be two or three of the role ", kSeveralRole));
}

/// Keys are layers; each has its two ends.
ActivationRanges read_ranges(const StrictObject& object) {
  constexpr const char* kKey = "activation_ranges";
  ActivationRanges ranges;
  if (!object.has(kKey)) return ranges;
  for (const auto& [layer, ends] : object.free_object(kKey).items()) {
    const bool are_numbers = ends.is_array() && ends.size() == 2 && ends[0].is_number() && ends[1].is_number();
    const ValueRange range = are_numbers ? ValueRange{ends[0], ends[1]} : ValueRange{};
    const bool is_range = range.low <= 0 && range.high >= 0 && range.low < range.high && -range.low <= kMaxActivation &&
                          range.high <= kMaxActivation;
    if (!is_range) {
      object.fail(kKey,
                  text("must give two numbers for ", layer, ", one up to 0 and one from 0 on, not ", ends.dump()));
    }
    ranges.emplace(layer, range);
  }
  if (ranges.empty()) object.fail(kKey, "must have at least one layer");
  return ranges;
}

NetworkSpec read_network(const StrictObject& object) {
  NetworkSpec network;
  network.role = object.one_of("role", kRoles);
  network.name = object.has("name") ? object.string("name") : network.role;
  network.architecture = object.string("architecture");
  network.parameters = object.free_object("parameters");
  network.weights = {file_name(object, "file"), checksum(object, "sha256")};
  const bool has_images = network.role != kStackRole;
  for (const auto& input :
       object.objects("inputs", {"name", "axes"}, has_images ? kInputKeys : std::vector<std::string>{})) {
    network.inputs.push_back(read_input(input, has_images));
  }
  for (const auto& output :
       object.objects("outputs", {"name", "classes", "activation", "temperature"}, {"downsampling"})) {
    network.outputs.push_back(read_output(output));
  }
  check_unique(network.inputs, &InputSpec::name, object, "inputs");
  check_unique(network.outputs, &OutputSpec::name, object, "outputs");
  check_graded(object, network);
  network.golden = read_golden(object.object("golden", {"file", "sha256", "tolerance"}));
  network.activation_ranges = read_ranges(object);
  return network;
}

TrainingDataSpec read_training_data(const StrictObject& object) {
  return {object.string("used_for"), object.string("source"),
          object.string("licence"),  object.integer("count", 0, kMaxCount),
          object.string("unit"),     object.string("split")};
}

MetricSpec read_metric(const StrictObject& object) {
  return {object.string("what"), object.string("name"), object.number("value", -kMaxMetric, kMaxMetric),
          object.string("unit"), object.string("set"),  object.integer("count", 0, kMaxCount)};
}

void read_networks(const StrictObject& object, Manifest& manifest) {
  for (const auto& network : object.objects(
           "networks", {"role", "architecture", "parameters", "file", "sha256", "inputs", "outputs", "golden"},
           {"name", "activation_ranges"})) {
    manifest.networks.push_back(read_network(network));
  }
  if (manifest.networks.size() > kMaxNetworks) {
    object.fail("networks", text("has ", manifest.networks.size(), " entries, more than ", kMaxNetworks));
  }
  check_unique(manifest.networks, &NetworkSpec::name, object, "networks");
  for (const std::string role : {"locator", kStackRole}) {
    const auto count = std::count_if(manifest.networks.begin(), manifest.networks.end(),
                                     [&](const NetworkSpec& network) { return network.role == role; });
    if (count > 1) object.fail("networks", "has more than one " + role);
  }
}

/// Networks that grade need a spec that says how, and the other way round.
void check_conditions(const StrictObject& object, const Manifest& manifest) {
  for (const Condition condition : kConditions) {
    const bool has_network = std::any_of(manifest.networks.begin(), manifest.networks.end(),
                                         [&](const NetworkSpec& network) { return grades(network, condition); });
    const bool has_spec = manifest.grading.condition(condition) != nullptr;
    if (has_network == has_spec) continue;
    object.fail("grading", text("and networks contradict each other: ", condition_key(condition), " has ",
                                has_spec ? "a head but no network" : "a network but no head"));
  }
}

/// The same of networks that find points.
void check_points(const StrictObject& object, const Manifest& manifest) {
  const bool has_network = manifest.network(kPointsRole) != nullptr;
  if (has_network == manifest.grading.points.has_value()) return;
  object.fail("grading", text("and networks contradict each other: there is ",
                              has_network ? "a network of role points but no points" : "points but no such network"));
}

// The version comes first: a manifest of another schema should be answered with that, not with its first unknown key.
void check_schema(const nlohmann::json& json, const std::string& file) {
  const auto version = json.is_object() ? json.value("schema_version", nlohmann::json()) : nlohmann::json();
  if (!version.is_number_integer() || version == kManifestSchemaVersion) return;
  throw Error(ErrorKind::BundleInvalid,
              text(file, ": schema_version is ", version.dump(), ", this program reads ", kManifestSchemaVersion));
}

}  // namespace

std::optional<double> AxisSpec::extent_mm() const {
  if (!size || !spacing_mm) return std::nullopt;
  return static_cast<double>(*size) * *spacing_mm;
}

std::string_view grading_role(Condition condition) {
  static constexpr std::array<std::string_view, kConditionCount> kRoles = {"canal", "foraminal", "subarticular"};
  return kRoles[index_of(condition)];
}

bool is_grading_role(const std::string& role) {
  return role == kSeveralRole || condition_of(role);
}

std::vector<Condition> graded_conditions(const NetworkSpec& network) {
  if (const auto condition = condition_of(network.role)) return {*condition};
  std::vector<Condition> conditions;
  if (network.role != kSeveralRole) return conditions;
  for (const OutputSpec& output : network.outputs) {
    if (const auto condition = condition_of(output.name)) conditions.push_back(*condition);
  }
  return conditions;
}

bool grades(const NetworkSpec& network, Condition condition) {
  const std::vector<Condition> graded = graded_conditions(network);
  return std::find(graded.begin(), graded.end(), condition) != graded.end();
}

std::string role_of(const std::vector<Condition>& conditions) {
  return conditions.size() == 1 ? std::string(grading_role(conditions.front())) : kSeveralRole;
}

std::vector<OutputSpec> outputs_of(const std::vector<Condition>& conditions) {
  const std::vector<std::string> classes = {"normal_mild", "moderate", "severe"};
  if (conditions.size() == 1) return {{"grade", classes, "softmax", 1, 1}};
  std::vector<OutputSpec> outputs;
  for (const Condition condition : conditions)
    outputs.push_back({std::string(grading_role(condition)), classes, "softmax", 1, 1});
  return outputs;
}

std::string name_of(const std::vector<Condition>& conditions) {
  std::string name;
  for (const Condition condition : conditions) name += text(name.empty() ? "" : "_", grading_role(condition));
  return name;
}

const ConditionSpec* GradingSpec::condition(Condition condition) const {
  const auto found =
      std::find_if(conditions.begin(), conditions.end(), [&](const auto& item) { return item.condition == condition; });
  return found == conditions.end() ? nullptr : &*found;
}

const NetworkSpec* Manifest::network(std::string_view role) const {
  const auto found =
      std::find_if(networks.begin(), networks.end(), [&](const auto& item) { return item.role == role; });
  return found == networks.end() ? nullptr : &*found;
}

InputSpec parse_image_input(const nlohmann::json& json, const JsonSource& source, const std::string& place) {
  return read_input(StrictObject(json, source, place, {"name", "axes"}, kInputKeys), true);
}

Manifest parse_manifest(std::string_view json_text, const std::string& file) {
  const JsonSource source{file, ErrorKind::BundleInvalid};
  const nlohmann::json json = parse_strict_json(json_text, source, kMaxDepth);
  check_schema(json, file);
  const StrictObject object(json, source, "",
                            {"schema_version", "name", "version", "licence", "attribution", "intended_use", "networks",
                             "grading", "training_data", "metrics"},
                            {"naming"});
  object.integer("schema_version", kManifestSchemaVersion, kManifestSchemaVersion);
  Manifest manifest;
  manifest.name = object.string("name");
  manifest.version = object.string("version");
  manifest.licence = object.string("licence");
  manifest.attribution = object.strings("attribution", 0);
  manifest.intended_use = object.string("intended_use");
  read_networks(object, manifest);
  if (object.has("naming")) manifest.naming = read_naming(object.object("naming", {"source", "discs", "out_of_view"}));
  std::vector<std::string> grading_keys = {"heads", "reference_samples", "foramen_finder", "points"};
  for (const MeasureKey& measure : kMeasureKeys) grading_keys.emplace_back(measure.key);
  manifest.grading = read_grading(object.object("grading", {"prior"}, grading_keys));
  check_conditions(object, manifest);
  check_points(object, manifest);
  for (const auto& data :
       object.objects("training_data", {"used_for", "source", "licence", "count", "unit", "split"})) {
    manifest.training_data.push_back(read_training_data(data));
  }
  for (const auto& metric : object.objects("metrics", {"what", "name", "value", "unit", "set", "count"})) {
    manifest.metrics.push_back(read_metric(metric));
  }
  return manifest;
}

Manifest read_manifest(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kManifestFile;
  std::error_code failure;
  const bool is_file = std::filesystem::is_regular_file(path, failure);  // a pipe would never end
  const std::uintmax_t bytes = is_file ? std::filesystem::file_size(path, failure) : 0;
  std::ifstream file;
  if (is_file) file.open(path, std::ios::binary);
  if (failure || !is_file || !file) {
    throw Error(ErrorKind::BundleInvalid,
                text(path.string(), " cannot be read; is ", folder.string(), " a model bundle?"));
  }
  if (bytes > kMaxManifestBytes) {
    throw Error(ErrorKind::BundleInvalid, text(path.string(), " has ", bytes, " bytes, more than any manifest"));
  }
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  return parse_manifest(content, path.string());
}

}  // namespace lumbargrade
