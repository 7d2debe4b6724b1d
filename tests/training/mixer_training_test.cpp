// A made data set in which the crops of one finding tell the grade of another: only a study mixer can know.

#include "training/grader/mixer_training.h"

#include <gmock/gmock.h>
#include <torch/torch.h>

#include <fstream>
#include <random>

#include "core/error.h"
#include "network/architecture.h"
#include "network/state.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

constexpr int kStudies = 60;
constexpr int kCropSize = 16;

const nlohmann::json kParameters = {{"backbone", "resnet"},
                                    {"backbone_options", {{"widths", {4}}, {"blocks", {1}}}},
                                    {"views", {"sagittal_t1"}},
                                    {"pooling", "mean"}};

NetworkRecipe foraminal_recipe() {
  View view;
  view.name = "sagittal_t1";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = 1;
  view.size_px = kCropSize;
  return {Condition::NeuralForaminalNarrowing, {view}, kParameters};
}

GraderTrainingOptions small_training(const std::filesystem::path& out) {
  GraderTrainingOptions training;
  training.recipe.networks = {foraminal_recipe()};
  training.recipe.augmentation.jitter_mm = 0;
  training.recipe.augmentation.jitter_slices = 0;
  training.recipe.folds = 3;
  training.recipe.mixer = MixerRecipe{16, 1, 0, "study", {}};
  training.recipe.mixer->optimisation.epochs = 30;
  training.recipe.mixer->optimisation.rate = 0.01;
  training.recipe.mixer->optimisation.patience = 30;
  training.out = out;
  training.checkpoint_every = 5;
  return training;
}

/// Left foramina of even studies are striped across, of odd ones along; right foramina are all the same. Both sides of
/// even studies are severe where `related`; else grades are drawn.
GraderData made_data(const std::filesystem::path& folder, bool related) {
  std::mt19937_64 random(7);
  GraderData data;
  NetworkData network;
  std::ofstream file(folder / "crops.u8", std::ios::binary);
  for (int study = 0; study < kStudies; ++study) {
    data.study_ids.push_back(text("s", study));
    for (size_t finding = 0; finding < kFindingCount; ++finding) {
      const Finding& place = all_findings()[finding];
      if (place.condition != Condition::NeuralForaminalNarrowing) continue;
      const bool severe = related ? study % 2 == 0 : random() % 2 == 0;
      network.samples.push_back({study, finding, severe ? Severity::Severe : Severity::NormalMild});
      network.samples.back().predicted = network.samples.size() - 1;
      for (int pixel = 0; pixel < kCropSize * kCropSize; ++pixel) {
        const int along = place.side == Side::Right ? pixel % 3
                          : study % 2 == 0          ? pixel / kCropSize
                                                    : pixel % kCropSize;
        file.put(static_cast<char>(along % 4 < 2 ? 30 : 220));
      }
      file.put(1);
    }
  }
  file.close();
  network.predicted.emplace_back(folder / "crops.u8", foraminal_recipe().views.front(), CropMargin{});
  data.networks.push_back(std::move(network));
  return data;
}

/// A network that answers the same to everything, though its features tell the stripes.
TensorMap undecided_network() {
  torch::manual_seed(3);
  const Network network = build_network("grader", kParameters, "test", "network");
  TensorMap state;
  for (const auto& [name, tensor] : collect_state(*network.module)) state.emplace(name, tensor.detach().clone());
  state.at("head.weight").zero_();
  state.at("head.bias").zero_();
  return state;
}

class Mixer : public testing::Test {
 protected:
  MixerResult trained(const GraderTrainingOptions& training, bool related) {
    const GraderData data = made_data(folder_.path(), related);
    const std::vector<bool> used(data.networks[0].samples.size(), true);
    return train_mixer(training, data, 1, {{0, &state_, &used}});
  }

  TemporaryFolder folder_;
  TensorMap state_ = undecided_network();
};

TEST_F(Mixer, LearnsWhatOtherFindingsOfTheStudyTell) {
  const MixerResult mixer = trained(small_training(folder_ / "out"), true);
  EXPECT_GT(mixer.best_epoch, 0);
  EXPECT_LT(mixer.held_out_loss, 0.5 * mixer.first_stage_loss);
}

TEST_F(Mixer, ThatHasNothingToLearnSaysSoAndChangesNothing) {
  GraderTrainingOptions training = small_training(folder_ / "out");
  training.recipe.mixer->optimisation.class_weights = {1, 1, 1};
  training.recipe.mixer->optimisation.rate = 0.3;  // what it takes for knowledge is noise
  const MixerResult mixer = trained(training, false);
  if (mixer.best_epoch == 0) {
    EXPECT_EQ(mixer.held_out_loss, mixer.first_stage_loss);
  }
  EXPECT_LE(mixer.held_out_loss, mixer.first_stage_loss);
}

TEST(OtherSide, IsTheSameLevelAcrossAndTheCanalItself) {
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& own = all_findings()[k];
    const Finding& other = all_findings()[other_side(k)];
    EXPECT_EQ(other.level, own.level);
    EXPECT_EQ(other.condition, own.condition);
    EXPECT_EQ(other_side(other_side(k)), k);
    EXPECT_EQ(other_side(k) == k, own.condition == Condition::SpinalCanalStenosis);
  }
}

}  // namespace
}  // namespace lumbargrade
