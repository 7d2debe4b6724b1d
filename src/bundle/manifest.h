#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/foramen_finder.h"
#include "bundle/measure_model.h"
#include "core/finding.h"
#include "core/measure.h"
#include "core/strict_json.h"
#include "network/activation_ranges.h"

namespace lumbargrade {

/// The manifest.json of a model bundle: all that is needed to run its networks and to judge them. docs/bundle.md
/// describes every key. Paths are relative to the bundle's folder.

inline constexpr std::int64_t kManifestSchemaVersion = 2;
inline constexpr const char* kManifestFile = "manifest.json";
/// Of the network that corrects what the others say of a study, averaged over members and looks.
inline constexpr const char* kStackRole = "study_stack";

/// Of the networks that grade several conditions at once, with an output for each, named by grading_role.
inline constexpr const char* kSeveralRole = "several_conditions";

/// Of the networks that find canal, foramina and recesses in the images.
inline constexpr const char* kPointsRole = "points";

/// One axis of a network's input, in the tensor's order after the batch axis.
struct AxisSpec {
  std::string name;                  ///< "channel", "slice", "row", "column"; of answers: "finding", "class"
  std::optional<std::int64_t> size;  ///< empty: any multiple of `multiple_of`
  std::int64_t multiple_of = 1;
  std::optional<double> spacing_mm;    ///< between neighbours; empty for an axis without a length, such as channels
  std::optional<std::string> towards;  ///< patient direction in which the index grows: "left", "posterior", "feet" ...

  /// Size times spacing, where both are fixed.
  std::optional<double> extent_mm() const;

  bool operator==(const AxisSpec&) const = default;
};

/// Greys from 0 to 1 minus `mean`, over `deviation`: the same for every crop, as networks from elsewhere may want it.
struct GreyScale {
  double mean = 0;
  double deviation = 1;

  bool operator==(const GreyScale&) const = default;
};

/// How intensities become network input: clipped to two percentiles of the image, then scaled to mean 0 and SD 1 or as
/// `scale` says.
struct NormalisationSpec {
  double low_percentile = 0;
  double high_percentile = 100;
  std::optional<GreyScale> scale = std::nullopt;

  bool operator==(const NormalisationSpec&) const = default;
};

/// Cut from images, or, without series, what the networks that grade answered.
struct InputSpec {
  std::string name;
  std::vector<std::string> series;  ///< roles it may be cut from, best first: "sagittal_t1", "sagittal_t2", "axial_t2"
  std::vector<AxisSpec> axes;
  std::string interpolation;  ///< "linear", "cubic" or "nearest"
  std::string padding;        ///< "minimum" (of the image), "zero" or "edge"
  NormalisationSpec normalisation;
  std::string anchor =
      "";                ///< what a grader's crop is centred on: "canal", "foramen" or "recess"; empty for whole slices
  bool mirrored = true;  ///< of crops: right-sided ones are mirrored onto left-sided ones
  bool relative_to_discs = false;  ///< of crops: spacings grow and shrink with the distance of discs (crops/view.h)

  bool operator==(const InputSpec&) const = default;
};

struct OutputSpec {
  std::string name;
  std::vector<std::string> classes;  ///< one per channel: axis 1 of the tensor
  /// "softmax" over the classes, "sigmoid" for each, or "places": softmax over all places of all classes together.
  std::string activation;
  double temperature = 1;         ///< logits are divided by it before the activation
  std::int64_t downsampling = 1;  ///< input pixels per output pixel, along rows and columns

  bool operator==(const OutputSpec&) const = default;
};

/// A file of the bundle, pinned.
struct PinnedFile {
  std::string file;
  std::string sha256;  ///< 64 lower-case hexadecimal digits

  bool operator==(const PinnedFile&) const = default;
};

/// Inputs and the outputs (after activation) they must give: tensors "input.<name>" and "output.<name>".
struct GoldenSpec {
  PinnedFile tensors;
  double tolerance = 0;  ///< largest absolute difference

  bool operator==(const GoldenSpec&) const = default;
};

struct NetworkSpec {
  /// "locator", "canal_outline" (draws the canal finely), or the condition that it grades: "canal", "foraminal",
  /// "subarticular"; kSeveralRole; kStackRole; or kPointsRole. Several networks of one grading role are an
  /// ensemble, as are several points networks of one anchor.
  std::string role;
  std::string name;  ///< unique in the bundle; the role where the manifest gives none
  std::string architecture;
  nlohmann::json parameters = nlohmann::json::object();  ///< of the architecture, see network/architecture.h
  PinnedFile weights;
  std::vector<InputSpec> inputs;
  std::vector<OutputSpec> outputs;
  GoldenSpec golden;
  /// Of a U-Net: between which values its layers' outputs lie, so that it can run in 8-bit integers. Empty: it cannot.
  ActivationRanges activation_ranges;

  bool operator==(const NetworkSpec&) const = default;
};

/// One transform of test-time augmentation: the crop is moved and turned in its plane before it is cut.
struct TtaTransform {
  double row_mm = 0;
  double column_mm = 0;
  double degrees = 0;
  /// The mirrored patient with sides exchanged. Sided crops are mirrored onto one side already: nothing new there.
  bool mirror = false;

  bool operator==(const TtaTransform&) const = default;
};

/// How the networks of one condition become its probabilities.
struct ConditionSpec {
  Condition condition{};
  std::string source;              ///< what the networks learned from, in a few words
  std::string combine;             ///< members and transforms are averaged as "probabilities" or "logits"
  double temperature = 1;          ///< of the average
  double measure_weight = 0;       ///< share of the measure's answer where there is a measure (grades/grading.h)
  double model_weight = 1;         ///< lambda in p = (1 - lambda) prior + lambda networks, times the level's confidence
  std::vector<std::string> flags;  ///< put on every row that the networks graded, such as "trained_on_phantom"
  std::vector<TtaTransform> tta;   ///< at least one

  bool operator==(const ConditionSpec&) const = default;
};

/// How what the points networks say is used.
struct PointsSpec {
  std::string source;  ///< what they learned from, in a few words
  /// Points of less confidence are not used: the foramen finder's or the usual one stands instead.
  double least_confidence = 0.5;

  bool operator==(const PointsSpec&) const = default;
};

struct GradingSpec {
  /// Where nothing was looked at (missing series, level not found), and what weak networks are mixed with:
  /// probabilities by condition and level, each triple summing to 1.
  std::array<std::array<Probabilities, kLevelCount>, kConditionCount> prior{};
  std::string prior_source;
  std::array<std::optional<MeasureModel>, kMeasureCount> measures;              ///< by Measure; empty: not graded by it
  std::array<std::optional<ReferenceSample>, kMeasureCount> reference_samples;  ///< by Measure; empty: no z-score
  std::optional<ForamenFinder> foramen_finder;  ///< empty: a foramen is measured at its usual place
  std::optional<PointsSpec> points;             ///< present where there are points networks
  std::vector<ConditionSpec> conditions;        ///< at most one per condition; a condition that has networks has one

  const ConditionSpec* condition(Condition condition) const;
  std::optional<MeasureModel>& measure(Measure measure) { return measures[index_of(measure)]; }
  const std::optional<MeasureModel>& measure(Measure measure) const { return measures[index_of(measure)]; }

  bool operator==(const GradingSpec&) const = default;
};

/// One body of data that something in the bundle learned from.
struct TrainingDataSpec {
  std::string used_for;  ///< "locator", "grading.canal_measure" ...
  std::string source;
  std::string licence;
  std::int64_t count = 0;
  std::string unit;   ///< what is counted: "patients", "images"
  std::string split;  ///< how held-out figures were kept apart

  bool operator==(const TrainingDataSpec&) const = default;
};

/// One figure with the data it was measured on.
struct MetricSpec {
  std::string what;  ///< "locator", "grading.canal_measure" ...
  std::string name;
  double value = 0;
  std::string unit;  ///< "%", "mm", "1"
  std::string set;
  std::int64_t count = 0;  ///< cases in the set

  bool operator==(const MetricSpec&) const = default;
};

/// How the first disc above the sacrum is told (levels/naming.h): numbers by feature.
struct NamingSpec {
  struct Feature {
    std::string name;
    double mean = 0;
    double scale = 1;  ///< above 0
    double weight = 0;

    bool operator==(const Feature&) const = default;
  };
  std::string source;                ///< whom it learned from, in a few words
  std::vector<Feature> discs;        ///< of every disc
  std::vector<Feature> out_of_view;  ///< of "L5/S1 lies below all discs that are seen"

  bool operator==(const NamingSpec&) const = default;
};

struct Manifest {
  std::string name;
  std::string version;
  std::string licence;
  std::vector<std::string> attribution;
  std::string intended_use;
  std::vector<NetworkSpec> networks;
  std::optional<NamingSpec> naming;  ///< absent: L5/S1 is told by the locator's maps alone
  GradingSpec grading;
  std::vector<TrainingDataSpec> training_data;
  std::vector<MetricSpec> metrics;

  /// The first network with this role; null when the bundle has none.
  const NetworkSpec* network(std::string_view role) const;

  bool operator==(const Manifest&) const = default;
};

/// The role of the networks that grade a condition: "canal", "foraminal" or "subarticular".
std::string_view grading_role(Condition condition);
bool is_grading_role(const std::string& role);  ///< of one condition, or kSeveralRole

/// What a network grades, in the order of its outputs: by its role one condition, or by the names of its outputs
/// several. Empty where it does not grade.
std::vector<Condition> graded_conditions(const NetworkSpec& network);
bool grades(const NetworkSpec& network, Condition condition);

/// The role of a network that grades these conditions, and its outputs: `grade`, or one named after each condition.
std::string role_of(const std::vector<Condition>& conditions);
std::vector<OutputSpec> outputs_of(const std::vector<Condition>& conditions);

/// A name for them in files and tables: "canal_foraminal".
std::string name_of(const std::vector<Condition>& conditions);

/// Parses and checks everything that can be checked without opening another file: keys, types, ranges, names, paths,
/// architectures. `file` names the manifest in errors, which are of kind BundleInvalid and say what is wrong in one
/// sentence.
Manifest parse_manifest(std::string_view json, const std::string& file);

/// The manifest of the bundle in `folder`.
Manifest read_manifest(const std::filesystem::path& folder);

/// An input that is cut from images as the manifest writes it, and back, for other files that describe crops. Errors of
/// the source's kind.
nlohmann::json image_input_json(const InputSpec& input);
InputSpec parse_image_input(const nlohmann::json& json, const JsonSource& source, const std::string& place);

/// Names the first key in which the inputs or outputs of `declared` differ from `wanted`, with both values, such as
/// `inputs[0].axes[1].spacing_mm is 0.5, this version works with 0.6`. Empty where they are alike.
std::string first_difference(const NetworkSpec& wanted, const NetworkSpec& declared);

/// The manifest as JSON text, with a line feed at the end; parse_manifest gives the same manifest back.
std::string manifest_text(const Manifest& manifest);

}  // namespace lumbargrade
