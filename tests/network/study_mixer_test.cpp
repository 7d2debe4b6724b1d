#include "network/study_mixer.h"

#include <gtest/gtest.h>

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

TEST(StudyMixer, RefusesOtherShapes) {
  const MixerReference reference;
  EXPECT_THROW(fixed_mixer()->forward(reference.features.slice(2, 0, 5), reference.logits, reference.present),
               c10::Error);
  EXPECT_THROW(fixed_mixer()->forward(reference.features, reference.logits, reference.present.slice(1, 0, 24)),
               c10::Error);
}

}  // namespace
}  // namespace lumbargrade
