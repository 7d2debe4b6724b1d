// The crop that training reads from its cache and the one that `grade` cuts go through one network to one answer.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <fstream>

#include "bundle/bundle.h"
#include "bundle/write_bundle.h"
#include "grades/crop_tensors.h"
#include "grades/network_grader.h"
#include "network/architecture.h"
#include "network/state.h"
#include "temporary_folder.h"
#include "training/crop_augmentation.h"

namespace lumbargrade {
namespace {

const nlohmann::json kParameters = {{"backbone", "resnet"},
                                    {"backbone_options", {{"widths", {8, 16}}, {"blocks", {1, 1}}}},
                                    {"views", {"sagittal_t1"}},
                                    {"pooling", "attention"},
                                    {"hidden", 16}};

View foramen_view() {
  View view;
  view.name = "sagittal_t1";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = 3;
  view.size_px = 32;
  view.pixel_mm = 0.7;
  return view;
}

/// Oblique sagittal slices of a smooth pattern.
Study patterned_study() {
  Volume volume;
  volume.columns = volume.rows = 160;
  volume.slices = 15;
  volume.series_instance_uid = "1.2.3";
  const Eigen::AngleAxisd turn(0.1, Vector3(1, 2, 3).normalized());
  volume.patient_from_index.linear().col(0) = turn * Vector3(0, 0.6, 0);
  volume.patient_from_index.linear().col(1) = turn * Vector3(0, 0, -0.6);
  volume.patient_from_index.linear().col(2) = turn * Vector3(4.4, 0, 0);
  volume.patient_from_index.translation() = -(volume.patient_from_index.linear() * Vector3(80, 80, 7));
  for (int slice = 0; slice < volume.slices; ++slice) {
    volume.sources.push_back({"", std::to_string(slice), slice, volume.patient_from_index * Vector3(0, 0, slice)});
    for (int row = 0; row < volume.rows; ++row) {
      for (int column = 0; column < volume.columns; ++column) {
        const Vector3 p = volume.patient_from_index * Vector3(column, row, slice);
        volume.voxels.push_back(static_cast<float>(200 + 80 * std::sin(p.y() / 3 + p.x() / 9) * std::cos(p.z() / 4)));
      }
    }
  }
  Study study;
  study.sagittal_t1 = volume;
  return study;
}

Spine one_level() {
  LevelFrame frame;
  frame.level = Level::L4L5;
  frame.canal_patient = Vector3(1, 10, -4);
  frame.confidence = 1;
  Spine spine;
  spine.levels[static_cast<size_t>(index_of(Level::L4L5))] = frame;
  return spine;
}

Bundle bundle_with(const std::filesystem::path& folder, const View& view, const Network& network) {
  Manifest manifest;
  manifest.name = manifest.version = manifest.licence = manifest.intended_use = "test";
  for (auto& levels : manifest.grading.prior) levels.fill({0.75, 0.1875, 0.0625});
  manifest.grading.prior_source = manifest.grading.canal_measure_source = "invented";
  manifest.grading.canal_measure.width_mm = 1;
  manifest.grading.canal_measure.levels.fill({9.5, 6.5, 13});
  HeadSpec head;
  head.condition = Condition::NeuralForaminalNarrowing;
  head.source = "random weights";
  head.combine = "probabilities";
  head.looks = {LookSpec{}};
  manifest.grading.heads = {head};
  TrainedNetwork trained;
  trained.spec.role = trained.spec.name = "foraminal";
  trained.spec.architecture = "grader";
  trained.spec.parameters = kParameters;
  trained.spec.inputs = {input_of(view)};
  trained.spec.outputs = {{"grade", {"normal_mild", "moderate", "severe"}, "softmax", 1, 1}};
  trained.spec.golden.tolerance = 1e-4;
  trained.state = collect_state(*network.module);
  trained.golden_inputs = {{view.name, torch::randn({1, view.slices, view.size_px, view.size_px})}};
  write_bundle(folder, manifest, {trained});
  return load_bundle(folder);
}

/// What training makes of the same finding: cut with a margin, stored, read back, normalised.
torch::Tensor trained_probabilities(const std::filesystem::path& folder, const View& view, const Study& study,
                                    Side side, const Network& network) {
  const CropMargin margin = margin_of(view, AugmentationRecipe{});
  const LevelFrame frame = *one_level().levels[static_cast<size_t>(index_of(Level::L4L5))];
  const auto crop = cut_crop(volumes_of(study, view.series), place_crop(frame, view.anchor, side), view, margin);
  std::ofstream file(folder / "crop.u8", std::ios::binary);
  file.write(reinterpret_cast<const char*>(crop->pixels.data()), static_cast<std::streamsize>(crop->pixels.size()));
  file.write(reinterpret_cast<const char*>(crop->slice_valid.data()),
             static_cast<std::streamsize>(crop->slice_valid.size()));
  file.close();
  const CropFile stored(folder / "crop.u8", view, margin);
  CropBatch batch{torch::empty({1, view.slices, view.size_px, view.size_px}), torch::empty({1, view.slices})};
  copy_central(stored, 0, {batch.pixels.data_ptr<float>(), batch.valid.data_ptr<float>()});
  TensorMap inputs;
  add_view(inputs, view.name, batch, torch::kCPU);
  const torch::NoGradGuard no_gradients;
  return torch::softmax(network.forward(inputs).at("grade"), 1);
}

TEST(NoSkew, GradingGivesTheProbabilitiesOfTrainingOnBothSides) {
  const TemporaryFolder folder;
  const View view = foramen_view();
  torch::manual_seed(5);
  const Network network = build_network("grader", kParameters, "test", "network");
  {
    // Statistics that are not those of a fresh network, so that folding them matters.
    const torch::NoGradGuard no_gradients;
    for (auto& buffer : network.module->named_buffers()) {
      if (buffer.value().is_floating_point()) buffer.value().uniform_(0.5, 1.5);
    }
  }
  network.module->eval();
  const Study study = patterned_study();
  const NetworkGrader grader(bundle_with(folder.path(), view, network), "cpu");
  const NetworkGrades grades = grader.grade(study, one_level());
  int graded = 0;
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (!grades[k]) continue;
    ++graded;
    const torch::Tensor expected = trained_probabilities(folder.path(), view, study, *all_findings()[k].side, network);
    for (size_t c = 0; c < kSeverityCount; ++c) {
      EXPECT_NEAR(grades[k]->probabilities[c], expected[0][static_cast<std::int64_t>(c)].item<double>(), 1e-5);
    }
  }
  EXPECT_EQ(graded, 2);  // left and right foramen of the one level
}

}  // namespace
}  // namespace lumbargrade
