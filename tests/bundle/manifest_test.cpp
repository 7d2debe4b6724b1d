#include "bundle/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bundle/example_bundle.h"
#include "bundle/kept_networks.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::string kDigits(64, 'a');

Manifest sound_manifest() {
  Manifest manifest = example_manifest();
  NetworkSpec network = example_network().spec;
  network.weights = {"locator.safetensors", kDigits};
  network.golden.tensors = {"golden/locator.safetensors", kDigits};
  manifest.networks = {network};
  return manifest;
}

/// What parse_manifest says to a sound manifest after `change`.
template <typename Change>
std::string refusal_after(const Change& change, const Manifest& sound = sound_manifest()) {
  json changed = json::parse(manifest_text(sound));
  change(changed);
  try {
    parse_manifest(changed.dump(), "m.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    return error.what();
  }
  return "accepted";
}

/// The same with one value, found by its JSON pointer, replaced.
std::string refusal_with(const std::string& pointer, const json& value) {
  return refusal_after([&](json& manifest) { manifest.at(json::json_pointer(pointer)) = value; });
}

TEST(Manifest, SurvivesWritingAndReading) {
  EXPECT_EQ(parse_manifest(manifest_text(sound_manifest()), "m.json"), sound_manifest());
}

TEST(Manifest, NamesAnUnknownKeyAndTheNearestOne) {
  EXPECT_EQ(refusal_after([](json& m) { m["networks"][0]["archtecture"] = "unet"; }),
            "m.json: networks[0].archtecture is no known key; did you mean \"architecture\"?");
  EXPECT_THAT(refusal_after([](json& m) { m["zzz"] = 1; }),
              HasSubstr("zzz is no known key; valid are schema_version,"));
}

TEST(Manifest, NamesAMissingKey) {
  EXPECT_EQ(refusal_after([](json& m) { m["networks"][0].erase("sha256"); }), "m.json: networks[0].sha256 is missing");
  EXPECT_EQ(refusal_after([](json& m) { m["grading"]["prior"]["spinal_canal_stenosis"].erase("l4_l5"); }),
            "m.json: grading.prior.spinal_canal_stenosis.l4_l5 is missing");
}

TEST(Manifest, NeedsEveryKeyOfEveryObject) {
  const json sound = json::parse(manifest_text(sound_manifest()));
  const json flat = sound.flatten();
  int removed = 0;
  for (const auto& [pointer, value] : flat.items()) {
    const json::json_pointer path(pointer);
    if (!sound.at(path.parent_pointer()).is_object()) continue;
    const bool may_be_absent = pointer.find("/axes/") != std::string::npos || path.back() == "downsampling" ||
                               pointer.find("/parameters/") != std::string::npos || pointer == "/networks/0/name";
    if (may_be_absent) continue;
    EXPECT_THAT(refusal_after([&](json& m) { m.at(path.parent_pointer()).erase(path.back()); }),
                HasSubstr(path.back() + " is missing"));
    ++removed;
  }
  EXPECT_GT(removed, 40);
}

TEST(Manifest, RefusesAWrongTypeAnywhere) {
  const json flat = json::parse(manifest_text(sound_manifest())).flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (pointer.find("/parameters/") != std::string::npos) continue;  // the architecture's business
    EXPECT_NE(refusal_with(pointer, json::object()), "accepted") << pointer;
    EXPECT_NE(refusal_with(pointer, nullptr), "accepted") << pointer;
  }
}

TEST(Manifest, SaysWhichSchemaItReads) {
  EXPECT_EQ(refusal_with("/schema_version", 1), "m.json: schema_version is 1, this program reads 2");
}

TEST(Manifest, RefusesNumbersOutOfRange) {
  EXPECT_THAT(refusal_with("/networks/0/outputs/0/temperature", 0),
              HasSubstr("outputs[0].temperature must be a number"));
  EXPECT_THAT(refusal_with("/networks/0/golden/tolerance", 2), HasSubstr("golden.tolerance must be a number"));
  EXPECT_THAT(refusal_with("/networks/0/inputs/0/axes/1/spacing_mm", -0.6), HasSubstr("axes[1].spacing_mm"));
  EXPECT_THAT(refusal_with("/grading/canal_measure/model_weight", 1.01), HasSubstr("model_weight"));
  EXPECT_THAT(refusal_with("/metrics/0/count", -1), HasSubstr("metrics[0].count must be a whole number"));
  EXPECT_THAT(refusal_with("/networks/0/outputs/0/downsampling", 18446744073709551615ULL), HasSubstr("downsampling"));
}

TEST(Manifest, RefusesProbabilitiesThatAreNone) {
  EXPECT_EQ(refusal_with("/grading/prior/subarticular_stenosis/l1_l2", {0.5, 0.25, 0.125}),
            "m.json: grading.prior.subarticular_stenosis.l1_l2 must sum to 1, not 0.875");
  EXPECT_THAT(refusal_with("/grading/prior/subarticular_stenosis/l1_l2", {0.5, 0.5}), HasSubstr("must have 3 entries"));
  EXPECT_THAT(refusal_with("/grading/prior/subarticular_stenosis/l1_l2", {1.5, -0.5, 0}), HasSubstr("from 0 to 1"));
}

TEST(Manifest, RefusesCutsThatNoMeasureCanReach) {
  EXPECT_THAT(refusal_with("/grading/canal_measure/levels/l5_s1/severe_below_mm", -0.5),
              HasSubstr("levels.l5_s1.severe_below_mm must be a number"));
}

TEST(Manifest, RefusesCutsInTheWrongOrder) {
  EXPECT_THAT(refusal_with("/grading/canal_measure/levels/l5_s1/severe_below_mm", 9.5),
              HasSubstr("levels.l5_s1.severe_below_mm must be less than moderate_below_mm"));
}

TEST(Manifest, RefusesPathsThatClimbOutOfTheBundle) {
  for (const char* path : {"/etc/passwd", "../w.safetensors", "a/../../w", "./w", ".hidden", "a/", "a\\b", "a b"}) {
    EXPECT_THAT(refusal_with("/networks/0/file", path), HasSubstr("networks[0].file m")) << path;
    EXPECT_THAT(refusal_with("/networks/0/golden/file", path), HasSubstr("golden.file m")) << path;
  }
}

TEST(Manifest, RefusesChecksumsThatAreNone) {
  EXPECT_THAT(refusal_with("/networks/0/sha256", std::string(64, 'A')), HasSubstr("64 lower-case hexadecimal digits"));
  EXPECT_THAT(refusal_with("/networks/0/sha256", std::string(63, 'a')), HasSubstr("64 lower-case hexadecimal digits"));
}

TEST(Manifest, NamesUnknownWordsAndTheNearestOne) {
  EXPECT_EQ(refusal_with("/networks/0/outputs/0/activation", "softmx"),
            "m.json: networks[0].outputs[0].activation is the unknown \"softmx\"; did you mean \"softmax\"?");
  EXPECT_THAT(refusal_with("/networks/0/role", "lokator"), HasSubstr("did you mean \"locator\"?"));
  EXPECT_THAT(refusal_with("/networks/0/inputs/0/series/0", "sagittal_t3"), HasSubstr("unknown role \"sagittal_t3\""));
}

TEST(Manifest, RefusesTwoNetworksOfOneRole) {
  EXPECT_THAT(refusal_after([](json& m) { m["networks"].push_back(m["networks"][0]); }),
              HasSubstr("networks has \"locator\" twice"));
}

TEST(Manifest, RefusesKeysThatOccurTwiceAndDeepNesting) {
  EXPECT_THROW(parse_manifest(R"({"name":"a","name":"b"})", "m.json"), Error);
  EXPECT_THROW(parse_manifest(std::string(1'000'000, '['), "m.json"), Error);
  EXPECT_THROW(parse_manifest("", "m.json"), Error);
  EXPECT_THROW(parse_manifest("[]", "m.json"), Error);
}

TEST(Manifest, RangesOfLayersSurviveWritingAndReadingAndHoldZero) {
  Manifest manifest = sound_manifest();
  manifest.networks.front().activation_ranges = {{"input", {-1.5, 4}}, {"decoder.0", {0, 2}}};
  EXPECT_EQ(parse_manifest(manifest_text(manifest), "m.json"), manifest);
  for (const json& ends : {json{0.5, 4}, json{-4, -0.5}, json{0, 0}, json{-1}, json{"a", 1}, json{-1e7, 1}}) {
    EXPECT_THAT(refusal_after([&](json& m) { m["networks"][0]["activation_ranges"]["input"] = ends; }),
                HasSubstr("networks[0].activation_ranges must give two numbers for input"))
        << ends;
  }
  EXPECT_THAT(refusal_after([](json& m) { m["networks"][0]["activation_ranges"] = json::object(); }),
              HasSubstr("must have at least one layer"));
}

TEST(Manifest, GivesTheExtentOfFixedAxes) {
  AxisSpec axis = image_axis("row", "feet");
  EXPECT_FALSE(axis.extent_mm());
  axis.size = 200;
  EXPECT_DOUBLE_EQ(*axis.extent_mm(), 120);
}

/// A sound manifest with an ensemble of two for the foramina and a measured recess.
Manifest manifest_with_graders() {
  Manifest manifest = sound_manifest();
  NetworkSpec network = manifest.networks.front();
  network.role = "foraminal";
  for (const char* name : {"first", "second"}) {
    network.name = name;
    network.inputs.front().anchor = "foramen";
    manifest.networks.push_back(network);
  }
  ConditionSpec spec;
  spec.condition = Condition::NeuralForaminalNarrowing;
  spec.source = "invented";
  spec.combine = "logits";
  spec.temperature = 1.5;
  spec.model_weight = 0.25;
  spec.flags = {"trained_on_phantom"};
  spec.tta = {TtaTransform{}, TtaTransform{1, -2, 10, true}};
  manifest.grading.conditions = {spec};
  MeasureModel recess;
  recess.source = "invented";
  recess.width = 2;
  recess.levels.fill({6, 2, 0});
  manifest.grading.measure(Measure::RecessDepth) = recess;
  MeasureModel foramen{"invented too", 0, 0.1, 0.3, {}};
  foramen.levels.fill({0.2, 0.1, 0});
  manifest.grading.measure(Measure::ForamenFatShare) = foramen;
  ReferenceSample sample{"thirty patients", {}};
  sample.levels[0] = MeasureNorm{11.5, 2.25, 30};
  manifest.grading.reference_samples[static_cast<size_t>(Measure::CanalAp)] = sample;
  ForamenFinder finder;
  finder.source = "ten foramina";
  finder.weights[7] = -0.25;
  manifest.grading.foramen_finder = finder;
  manifest.naming = NamingSpec{"ten images", {{"first", 1, 2, -0.5}}, {{"always", 0, 1, 3}}};
  return manifest;
}

template <typename Change>
std::string graders_refusal(const Change& change) {
  return refusal_after(change, manifest_with_graders());
}

TEST(Manifest, EnsemblesConditionsAndMeasuresSurviveWritingAndReading) {
  EXPECT_EQ(parse_manifest(manifest_text(manifest_with_graders()), "m.json"), manifest_with_graders());
}

/// The two networks of manifest_with_graders grade canals too, each by an output of its own.
Manifest manifest_of_several() {
  Manifest manifest = manifest_with_graders();
  for (NetworkSpec& network : manifest.networks) {
    if (network.role != "foraminal") continue;
    network.role = kSeveralRole;
    network.outputs = outputs_of({Condition::SpinalCanalStenosis, Condition::NeuralForaminalNarrowing});
  }
  ConditionSpec canal = manifest.grading.conditions.front();
  canal.condition = Condition::SpinalCanalStenosis;
  manifest.grading.conditions.push_back(canal);
  return manifest;
}

TEST(Manifest, NetworksOfSeveralConditionsSurviveWritingAndReading) {
  const Manifest manifest = parse_manifest(manifest_text(manifest_of_several()), "m.json");
  EXPECT_EQ(manifest, manifest_of_several());
  EXPECT_EQ(graded_conditions(manifest.networks[1]),
            (std::vector{Condition::SpinalCanalStenosis, Condition::NeuralForaminalNarrowing}));
  EXPECT_FALSE(grades(manifest.networks[1], Condition::SubarticularStenosis));
  EXPECT_TRUE(graded_conditions(manifest.networks[0]).empty());
}

TEST(Manifest, WhatANetworkOfSeveralConditionsClaimsIsChecked) {
  const auto refusal = [](const auto& change) { return refusal_after(change, manifest_of_several()); };
  EXPECT_THAT(refusal([](json& m) { m["networks"][1]["outputs"][0]["name"] = "grade"; }),
              HasSubstr("networks[1].outputs has \"grade\"; of the role several_conditions each is canal"));
  EXPECT_THAT(refusal([](json& m) { m["networks"][1]["outputs"].erase(0); }), HasSubstr("must be two or three"));
  EXPECT_THAT(refusal([](json& m) { m["networks"][1]["outputs"][0]["name"] = "foraminal"; }), HasSubstr("twice"));
  EXPECT_THAT(refusal([](json& m) { m["grading"]["heads"].erase(1); }),
              HasSubstr("spinal_canal_stenosis has a network but no head"));
}

TEST(Manifest, ANetworkOfSeveralConditionsIsReplacedAsAWhole) {
  const Manifest manifest = manifest_of_several();
  EXPECT_NO_THROW(check_replaceable(manifest, {"canal", "foraminal"}));
  EXPECT_NO_THROW(check_replaceable(manifest, {"subarticular", kPointsRole}));
  try {
    check_replaceable(manifest, {"canal", "subarticular"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_THAT(error.what(), HasSubstr("the network first of the bundle example grades canal_foraminal together"));
  }
}

TEST(Manifest, AStackSurvivesWritingAndReadingAndIsTheOnlyOne) {
  Manifest manifest = manifest_with_graders();
  NetworkSpec stack;
  stack.role = stack.name = kStackRole;
  stack.architecture = "study_stack";
  stack.parameters = {{"kind", "linear"}};
  stack.weights = {"stack.safetensors", kDigits};
  stack.golden = {{"stack_golden.safetensors", kDigits}, 1e-4};
  InputSpec logits;
  logits.name = "logits";
  logits.axes = {{"finding", kFindingCount, 1, {}, {}}, {"class", kSeverityCount, 1, {}, {}}};
  stack.inputs = {logits};
  stack.outputs = {{"grade", {"normal_mild", "moderate", "severe"}, "softmax", 1, 1}};
  manifest.networks.push_back(stack);
  EXPECT_EQ(parse_manifest(manifest_text(manifest), "m.json"), manifest);
  manifest.networks.push_back(manifest.networks.back());
  manifest.networks.back().name = "another";
  try {
    parse_manifest(manifest_text(manifest), "m.json");
    FAIL() << "two stacks are accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("more than one study_stack"));
  }
}

TEST(Manifest, AFinderOfForaminaHasAWeightForEveryCell) {
  const auto told = refusal_after([](json& manifest) {
    manifest["grading"]["foramen_finder"] = {{"source", "ten foramina"}, {"weights", json::array({1, 2, 3})}};
  });
  EXPECT_THAT(told, HasSubstr("grading.foramen_finder.weights"));
  EXPECT_THAT(told, HasSubstr("243"));
}

TEST(Manifest, PointsNetworksAndHowTheyAreUsedBelongTogether) {
  Manifest manifest = sound_manifest();
  NetworkSpec points = manifest.networks.front();
  points.role = kPointsRole;
  points.name = "points_canal_0";
  points.outputs.front().activation = "places";
  manifest.networks.push_back(points);
  manifest.grading.points = PointsSpec{"ten studies", 0.25};
  EXPECT_EQ(parse_manifest(manifest_text(manifest), "m.json"), manifest);
  const auto refusal = [&](const auto& change) -> std::string {
    json changed = json::parse(manifest_text(manifest));
    change(changed);
    try {
      parse_manifest(changed.dump(), "m.json");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal([](json& m) { m["grading"].erase("points"); }), HasSubstr("role points but no points"));
  EXPECT_THAT(refusal([](json& m) { m["networks"].erase(1); }), HasSubstr("points but no such network"));
  EXPECT_THAT(refusal([](json& m) { m["grading"]["points"]["least_confidence"] = 1.5; }),
              HasSubstr("grading.points.least_confidence"));
}

TEST(Manifest, ANetworkWithoutANameIsCalledByItsRole) {
  json changed = json::parse(manifest_text(sound_manifest()));
  changed["networks"][0].erase("name");
  EXPECT_EQ(parse_manifest(changed.dump(), "m.json").networks.front().name, "locator");
}

TEST(Manifest, ConditionsThatContradictTheNetworksAreRefused) {
  EXPECT_THAT(graders_refusal([](json& m) { m["grading"].erase("heads"); }), HasSubstr("a network but no head"));
  EXPECT_THAT(graders_refusal([](json& m) { m["grading"]["heads"][0]["condition"] = "subarticular_stenosis"; }),
              HasSubstr("contradict each other"));
  EXPECT_THAT(graders_refusal([](json& m) { m["grading"]["heads"].push_back(m["grading"]["heads"][0]); }),
              HasSubstr("twice"));
  EXPECT_THAT(graders_refusal([](json& m) { m["networks"][2]["name"] = "first"; }), HasSubstr("\"first\" twice"));
  EXPECT_THAT(graders_refusal([](json& m) { m["grading"]["heads"][0]["looks"] = json::array(); }),
              HasSubstr("at least one entry"));
  EXPECT_THAT(graders_refusal([](json& m) { m["grading"]["heads"][0]["looks"][1]["mirror"] = 1; }),
              HasSubstr("true or false"));
  EXPECT_THAT(
      graders_refusal([](json& m) { m["grading"]["recess_measure"]["levels"]["l4_l5"]["severe_below_mm"] = 7; }),
      HasSubstr("less than moderate_below_mm"));
  EXPECT_THAT(graders_refusal([](json& m) { m["networks"][1]["inputs"][0]["anchor"] = "foremen"; }),
              HasSubstr("foramen"));
}

}  // namespace
}  // namespace lumbargrade
