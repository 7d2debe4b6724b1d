#include "network/study_mixer.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "network/fixed_values.h"
#include "network/safetensors.h"

namespace lumbargrade {
namespace {

const StudyMixerOptions kOptions{6, 16, 2, 0.3};

struct MixerReference {
  TensorMap tensors = read_safetensors(std::filesystem::path(LUMBARGRADE_TEST_DATA) / "network/pooling.safetensors");
  torch::Tensor features = tensors.at("mixer.features");
  torch::Tensor logits = tensors.at("mixer.logits");
  torch::Tensor present = tensors.at("mixer.present");
};

StudyMixer fixed_mixer() {
  StudyMixer mixer(kOptions);
  set_fixed_state(*mixer);
  return mixer;
}

TEST(StudyMixer, ComputesWhatPyTorchComputesFromTheSameWeights) {
  const torch::NoGradGuard no_gradients;
  const MixerReference reference;
  const torch::Tensor output = fixed_mixer()->forward(reference.features, reference.logits, reference.present);
  EXPECT_LT(greatest_difference(output, reference.tensors.at("mixer.output")), 1e-4);
  EXPECT_GT(greatest_difference(output, reference.logits), 0.1);
}

TEST(StudyMixer, TakesNothingFromFindingsThatAreAbsent) {
  const torch::NoGradGuard no_gradients;
  const MixerReference reference;
  const torch::Tensor missing = (reference.present == 0).unsqueeze(2);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  StudyMixer mixer = fixed_mixer();
  EXPECT_TRUE(mixer
                  ->forward(reference.features.masked_fill(missing, nan), reference.logits.masked_fill(missing, nan),
                            reference.present)
                  .equal(mixer->forward(reference.features, reference.logits, reference.present)));
}

TEST(StudyMixer, AnswersAStudyInWhichNothingWasSeen) {
  const torch::NoGradGuard no_gradients;
  const MixerReference reference;
  const torch::Tensor output =
      fixed_mixer()->forward(reference.features, reference.logits, torch::zeros_like(reference.present));
  EXPECT_TRUE(output.isfinite().all().item<bool>());
}

TEST(StudyMixer, FreshLeavesTheLogitsAsTheyAre) {
  const torch::NoGradGuard no_gradients;
  const MixerReference reference;
  const torch::Tensor all = torch::ones_like(reference.present);
  EXPECT_TRUE(StudyMixer(kOptions)->forward(reference.features, reference.logits, all).equal(reference.logits));
}

/// Which findings change when one other does.
std::vector<int64_t> changed_by(MixerOver over, int64_t finding) {
  const torch::NoGradGuard no_gradients;
  StudyMixerOptions options = kOptions;
  options.over = over;
  StudyMixer mixer(options);
  set_fixed_state(*mixer);
  mixer->eval();
  const torch::Tensor features = torch::randn({1, 25, options.features}), logits = torch::randn({1, 25, 3}),
                      present = torch::ones({1, 25});
  torch::Tensor other = features.clone();
  other[0][finding] += 1;
  const torch::Tensor difference =
      (mixer->forward(other, logits, present) - mixer->forward(features, logits, present)).abs().amax({0, 2});
  std::vector<int64_t> changed;
  for (int64_t k = 0; k < 25; ++k) {
    if (difference[k].item<double>() > 1e-6) changed.push_back(k);
  }
  return changed;
}

TEST(StudyMixer, HearsAlongLevelsOrAmongConditionsOfALevelAlone) {
  EXPECT_EQ(changed_by(MixerOver::Levels, 7), (std::vector<int64_t>{5, 6, 7, 8, 9}));
  EXPECT_EQ(changed_by(MixerOver::Conditions, 7), (std::vector<int64_t>{2, 7, 12, 17, 22}));
  EXPECT_EQ(changed_by(MixerOver::Study, 7).size(), 25U);
}

TEST(StudyMixer, RefusesOtherShapes) {
  const MixerReference reference;
  EXPECT_THROW(fixed_mixer()->forward(reference.features.slice(2, 0, 5), reference.logits, reference.present),
               c10::Error);
  EXPECT_THROW(fixed_mixer()->forward(reference.features, reference.logits, reference.present.slice(1, 0, 24)),
               c10::Error);
}

}  // namespace
}  // namespace lumbargrade
