#pragma once

// A made study and bundles of random graders: for tests that grade with networks.

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "bundle/write_bundle.h"
#include "crops/crop.h"
#include "network/architecture.h"
#include "network/state.h"

namespace lumbargrade {

inline View foramen_view() {
  View view;
  view.name = "sagittal_t1";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = 3;
  view.size_px = 32;
  view.pixel_mm = 0.7;
  return view;
}

/// Slices of a smooth pattern that is not symmetrical, `step_mm` apart along x, 160 pixels of .6 mm, turned a little.
inline Volume patterned_volume(double step_mm, int slices, const std::string& uid) {
  Volume volume;
  volume.columns = volume.rows = 160;
  volume.slices = slices;
  volume.series_instance_uid = uid;
  const Eigen::AngleAxisd turn(0.1, Vector3(1, 2, 3).normalized());
  volume.patient_from_index.linear().col(0) = turn * Vector3(0, 0.6, 0);
  volume.patient_from_index.linear().col(1) = turn * Vector3(0, 0, -0.6);
  volume.patient_from_index.linear().col(2) = turn * Vector3(step_mm, 0, 0);
  volume.patient_from_index.translation() = -(volume.patient_from_index.linear() * Vector3(80, 80, (slices - 1) / 2.0));
  for (int slice = 0; slice < volume.slices; ++slice) {
    volume.sources.push_back(
        {"", uid + "." + std::to_string(slice), slice, volume.patient_from_index * Vector3(0, 0, slice)});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const Vector3 p = volume.patient_from_index * Vector3(column, row, slice);
        volume.voxels.push_back(static_cast<float>(200 + 80 * std::sin(p.y() / 3 + p.x() / 9) * std::cos(p.z() / 4)));
      }
    }
  }
  return volume;
}

inline Study patterned_study() {
  Study study;
  study.sagittal_t1 = patterned_volume(4.4, 15, "1.2.3");
  study.sagittal_t2 = patterned_volume(4.4, 15, "1.2.4");
  return study;
}

inline Spine one_level() {
  LevelFrame frame;
  frame.level = Level::L4L5;
  frame.canal_patient = Vector3(1, 10, -4);
  frame.confidence = 1;
  Spine spine;
  spine.levels[static_cast<size_t>(index_of(Level::L4L5))] = frame;
  return spine;
}

/// Parameters of a small grader of one view.
inline nlohmann::json small_grader(const View& view, const std::string& pooling) {
  return {{"backbone", "resnet"},
          {"backbone_options", {{"widths", {8, 16}}, {"blocks", {1, 1}}}},
          {"views", {view.name}},
          {"pooling", pooling},
          {"hidden", 16}};
}

/// Random weights, and statistics that make folding matter and let every layer through. In evaluation mode.
inline Network random_grader(const nlohmann::json& parameters, std::uint64_t seed) {
  torch::manual_seed(seed);
  Network network = build_network("grader", parameters, "test", "network");
  const torch::NoGradGuard no_gradients;
  for (auto& buffer : network.module->named_buffers()) {
    if (buffer.key().ends_with("running_mean")) buffer.value().uniform_(-0.2, 0.2);
    if (buffer.key().ends_with("running_var")) buffer.value().uniform_(0.5, 1.5);
  }
  for (auto& parameter : network.module->named_parameters()) {
    if (parameter.value().dim() == 1 && parameter.key().ends_with("weight")) parameter.value().uniform_(0.5, 1.5);
  }
  network.module->eval();
  return network;
}

/// One network of a bundle to be.
struct MadeMember {
  nlohmann::json parameters;
  View view;
  Network network;
};

/// A grader on its way into a bundle.
inline TrainedNetwork grader_of(const std::string& name, const std::vector<Condition>& conditions,
                                const std::vector<View>& views, const nlohmann::json& parameters,
                                const Network& network) {
  TrainedNetwork trained;
  trained.spec.role = role_of(conditions);
  trained.spec.name = name;
  trained.spec.architecture = "grader";
  trained.spec.parameters = parameters;
  trained.spec.outputs = outputs_of(conditions);
  trained.spec.golden.tolerance = 1e-4;
  trained.state = collect_state(*network.module);
  for (const View& view : views) {
    trained.spec.inputs.push_back(input_of(view));
    trained.golden_inputs[view.name] = torch::randn({1, view.slices, view.size_px, view.size_px});
  }
  return trained;
}

/// Writes a bundle of these networks and loads it.
inline Bundle bundle_of(const std::filesystem::path& folder, std::vector<ConditionSpec> specs,
                        const std::vector<TrainedNetwork>& networks) {
  Manifest manifest;
  manifest.name = manifest.version = manifest.licence = manifest.intended_use = "test";
  for (auto& levels : manifest.grading.prior) levels.fill({0.75, 0.1875, 0.0625});
  manifest.grading.prior_source = "invented";
  MeasureModel canal{"invented", 0, 1, 1, {}};
  canal.levels.fill({9.5, 6.5, 13});
  manifest.grading.measure(Measure::CanalAp) = canal;
  for (ConditionSpec& spec : specs) spec.source = "random weights";
  manifest.grading.conditions = std::move(specs);
  write_bundle(folder, manifest, networks);
  return load_bundle(folder);
}

/// The same with one condition's spec, which is made of these members, and the networks `others`.
inline Bundle bundle_of(const std::filesystem::path& folder, const ConditionSpec& spec,
                        const std::vector<MadeMember>& members, const std::vector<TrainedNetwork>& others = {}) {
  std::vector<TrainedNetwork> networks;
  for (const MadeMember& member : members) {
    const std::string name = std::string(grading_role(spec.condition)) + std::to_string(networks.size());
    networks.push_back(grader_of(name, {spec.condition}, {member.view}, member.parameters, member.network));
  }
  networks.insert(networks.end(), others.begin(), others.end());
  return bundle_of(folder, std::vector{spec}, networks);
}

inline ConditionSpec plain_condition(Condition condition) {
  ConditionSpec spec;
  spec.condition = condition;
  spec.combine = "probabilities";
  spec.tta = {TtaTransform{}};
  return spec;
}

}  // namespace lumbargrade
