#include "points/point_finder.h"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "bundle/bundle.h"
#include "core/error.h"
#include "crops/crop.h"
#include "network/point_network.h"
#include "points/point_view.h"

namespace lumbargrade {
namespace {

constexpr double kSliceMm = 4.5;

/// Sagittal T1 slices that are alike on both sides of the middle plane and unlike each other.
Study symmetrical_study() {
  Volume volume;
  volume.columns = volume.rows = 120;
  volume.slices = 15;
  volume.patient_from_index.linear().col(0) = Vector3(0, 1, 0);
  volume.patient_from_index.linear().col(1) = Vector3(0, 0, -1);
  volume.patient_from_index.linear().col(2) = Vector3(kSliceMm, 0, 0);
  volume.series_instance_uid = "1.2";
  const int middle = volume.slices / 2;
  for (int slice = 0; slice < volume.slices; ++slice) {
    const double x = (slice - middle) * kSliceMm;
    volume.sources.push_back({"/data/1/a.dcm", "1.2." + std::to_string(slice), slice + 1, {x, -60, 60}});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const double wave =
            std::sin(0.1 * row + 0.02 * std::abs(x) * column) + std::cos(0.17 * column - 0.3 * std::abs(x));
        volume.voxels.push_back(static_cast<float>(100 + 40 * wave));
      }
    }
  }
  volume.patient_from_index.translation() = volume.sources.front().position_patient;
  Study study;
  study.sagittal_t1 = volume;
  return study;
}

Spine spine_in_the_middle() {
  LevelFrame frame;
  frame.level = Level::L3L4;
  frame.canal_patient = Vector3(0, 0, 0);
  frame.centre_patient = Vector3(0, -25, 0);
  frame.confidence = 1;
  Spine spine;
  spine.levels[index_of(Level::L3L4)] = frame;
  return spine;
}

BundleNetwork random_network(Anchor anchor, std::uint64_t seed) {
  torch::manual_seed(seed);
  BundleNetwork network;
  network.spec = point_interface(usual_point_view(anchor));
  network.spec.name = "points_" + std::to_string(seed);
  network.spec.parameters = {{"widths", {4, 8}}};
  network.network = build_network("point_finder", network.spec.parameters, "a test", "a network");
  // Fresh weights answer nearly the same everywhere: sharper ones have a place to tell.
  for (auto& parameter : network.network.module->named_parameters()) {
    if (parameter.key().find("head") != std::string::npos) parameter.value().data().mul_(30);
  }
  network.network.module->eval();
  return network;
}

Bundle bundle_with(std::vector<BundleNetwork> networks, double least_confidence) {
  Bundle bundle;
  bundle.networks = std::move(networks);
  bundle.manifest.grading.points = PointsSpec{"a test", least_confidence};
  return bundle;
}

TEST(PointFinder, LeftAndRightOfASymmetricalPatientAreMirrorImages) {
  const PointFinder finder(bundle_with({random_network(Anchor::Foramen, 3)}, 0), "cpu");
  Spine spine = spine_in_the_middle();
  finder.find(symmetrical_study(), spine);
  const auto& found = spine.levels[index_of(Level::L3L4)]->points.foramina;
  ASSERT_TRUE(found[index_of(Side::Left)] && found[index_of(Side::Right)]);
  const Vector3 left = found[index_of(Side::Left)]->point_patient, right = found[index_of(Side::Right)]->point_patient;
  EXPECT_GT(left.x(), 0);  // LPS: +x is the patient's left
  EXPECT_TRUE(right.isApprox(Vector3(-left.x(), left.y(), left.z()), 1e-4)) << left << "\n" << right;
  EXPECT_NEAR(found[0]->confidence, found[1]->confidence, 1e-5);
}

TEST(PointFinder, PointsThatAreNotSureEnoughAreNotUsed) {
  const Study study = symmetrical_study();
  Spine spine = spine_in_the_middle();
  const auto network = [] { return random_network(Anchor::Foramen, 3); };
  PointFinder(bundle_with({network()}, 1), "cpu").find(study, spine);
  const LevelFrame& frame = *spine.levels[index_of(Level::L3L4)];
  EXPECT_FALSE(frame.points.foramina[0]);
  EXPECT_EQ(place_crop(frame, Anchor::Foramen, Side::Left).origin.source, PointSource::Usual);
  PointFinder(bundle_with({network()}, 0), "cpu").find(study, spine);
  ASSERT_TRUE(frame.points.foramina[0]);
  const CropPlacement used = place_crop(frame, Anchor::Foramen, Side::Left);
  EXPECT_EQ(used.origin.source, PointSource::Network);
  EXPECT_EQ(used.point_patient, frame.points.foramina[0]->point_patient);
  EXPECT_NE(used.point_patient, usual_placement(frame, Anchor::Foramen, Side::Left).point_patient);
  EXPECT_EQ(place_crop(frame, Anchor::Recess, Side::Left).origin.source, PointSource::Usual);
}

TEST(PointFinder, AStudyWithoutTheSeriesHasNoAnswer) {
  const PointFinder finder(bundle_with({random_network(Anchor::Recess, 3)}, 0), "cpu");
  Spine spine = spine_in_the_middle();
  finder.find(symmetrical_study(), spine);
  for (const auto& found : spine.levels[index_of(Level::L3L4)]->points.recesses) EXPECT_FALSE(found);
  Spine empty;
  PointFinder(bundle_with({random_network(Anchor::Foramen, 3)}, 0), "cpu").find(symmetrical_study(), empty);
  for (const auto& level : empty.levels) EXPECT_FALSE(level);
}

TEST(PointFinder, WhatAManifestDeclaresOtherwiseIsRefused) {
  const auto refusal = [](auto change) -> std::string {
    BundleNetwork network = random_network(Anchor::Foramen, 3);
    change(network.spec);
    try {
      point_view(network.spec);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  using testing::HasSubstr;
  EXPECT_EQ(refusal([](NetworkSpec&) {}), "accepted");
  EXPECT_THAT(refusal([](NetworkSpec& spec) { spec.architecture = "unet"; }), HasSubstr("point_finder"));
  EXPECT_THAT(refusal([](NetworkSpec& spec) { spec.outputs[0].activation = "sigmoid"; }), HasSubstr("activation"));
  EXPECT_THAT(refusal([](NetworkSpec& spec) { spec.outputs[0].downsampling = 2; }), HasSubstr("downsampling"));
  EXPECT_THAT(refusal([](NetworkSpec& spec) { spec.inputs[0].padding = "edge"; }), HasSubstr("padding"));
  EXPECT_THAT(refusal([](NetworkSpec& spec) { spec.inputs.push_back(spec.inputs[0]); }), HasSubstr("one input"));
  BundleNetwork other = random_network(Anchor::Foramen, 4);
  other.spec.inputs[0].axes[1].spacing_mm = other.spec.inputs[0].axes[2].spacing_mm = 1;
  EXPECT_THROW(PointFinder(bundle_with({random_network(Anchor::Foramen, 3), other}, 0), "cpu"), Error);
}

TEST(PointNetwork, SeesNoPlaceWhereThereIsNoSlice) {
  const BundleNetwork network = random_network(Anchor::Canal, 5);
  torch::Tensor valid = torch::ones({2, 5});
  valid[1][3] = 0;
  const TensorMap inputs = {{"crop", torch::randn({2, 5, 16, 16})}, {"crop.valid", valid}};
  const torch::Tensor places = run_network(network, inputs).at("place");
  ASSERT_EQ(places.sizes(), torch::IntArrayRef({2, 1, 5, 16, 16}));
  for (const int crop : {0, 1}) EXPECT_NEAR(places[crop].sum().item<double>(), 1, 1e-5);
  EXPECT_GT(places[0][0][3].sum().item<double>(), 0);
  EXPECT_EQ(places[1][0][3].sum().item<double>(), 0);
}

}  // namespace
}  // namespace lumbargrade
