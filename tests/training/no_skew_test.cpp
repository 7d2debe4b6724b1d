// The crop that training reads from its cache and the one that `grade` cuts go through one network to one answer.

#include <gtest/gtest.h>

#include <fstream>

#include "grades/crop_tensors.h"
#include "grades/graded_study.h"
#include "grades/network_grader.h"
#include "temporary_folder.h"
#include "training/crop_augmentation.h"

namespace lumbargrade {
namespace {

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
  const nlohmann::json parameters = small_grader(view, "attention");
  const Network network = random_grader(parameters, 5);
  const Study study = patterned_study();
  const HeadSpec head = plain_head(Condition::NeuralForaminalNarrowing);
  const NetworkGrader grader(bundle_of(folder.path(), head, {{parameters, view, network}}), "cpu");
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
