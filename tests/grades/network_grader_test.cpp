// Longer than others: ensembles, transforms, points and several conditions are tested on the networks made here.
#include "grades/network_grader.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "core/error.h"
#include "grades/graded_study.h"
#include "network/grader_network.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

constexpr Condition kForaminal = Condition::NeuralForaminalNarrowing;
constexpr Condition kCanal = Condition::SpinalCanalStenosis;

size_t finding_at(Condition condition, std::optional<Side> side) {
  const Finding wanted{condition, side, Level::L4L5};
  return static_cast<size_t>(std::find(all_findings().begin(), all_findings().end(), wanted) - all_findings().begin());
}

const LevelFrame& frame_of(const Spine& spine) {
  return *spine.levels[static_cast<size_t>(index_of(Level::L4L5))];
}

/// S x H x W, mean 0 and SD 1 over the valid slices: written anew here, slice by slice.
torch::Tensor values_of(const Crop& crop) {
  torch::Tensor values = torch::zeros({crop.slices, crop.size_px, crop.size_px}, torch::kFloat64);
  const auto per_slice = static_cast<size_t>(crop.size_px) * static_cast<size_t>(crop.size_px);
  double sum = 0, squares = 0, count = 0;
  for (size_t k = 0; k < crop.pixels.size(); ++k) {
    if (crop.slice_valid[k / per_slice] == 0) continue;
    sum += crop.pixels[k];
    squares += crop.pixels[k] * static_cast<double>(crop.pixels[k]);
    count += 1;
  }
  const double mean = sum / count, deviation = std::sqrt(squares / count - mean * mean);
  auto* to = values.data_ptr<double>();
  for (size_t k = 0; k < crop.pixels.size(); ++k) {
    if (crop.slice_valid[k / per_slice] != 0) to[k] = (crop.pixels[k] - mean) / deviation;
  }
  return values.to(torch::kFloat32);
}

torch::Tensor valid_of(const Crop& crop) {
  torch::Tensor valid = torch::zeros({1, crop.slices});
  for (int slice = 0; slice < crop.slices; ++slice) valid[0][slice] = crop.slice_valid[static_cast<size_t>(slice)];
  return valid;
}

/// Logits of a network for one crop, in double precision.
torch::Tensor logits_of(const Network& network, const View& view, const Crop& crop) {
  const torch::NoGradGuard no_gradients;
  const TensorMap inputs = {{view.name, values_of(crop).unsqueeze(0)}, {view.name + ".valid", valid_of(crop)}};
  return network.forward(inputs).at("grade")[0].to(torch::kFloat64);
}

void expect_probabilities(const NetworkGrade& grade, const torch::Tensor& expected, double tolerance = 1e-5) {
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(grade.probabilities[static_cast<size_t>(c)], expected[c].item<double>(), tolerance);
  }
}

class NetworkGrading : public testing::Test {
 protected:
  MadeMember member(const View& view, const std::string& pooling, std::uint64_t seed) {
    const nlohmann::json parameters = small_grader(view, pooling);
    return {parameters, view, random_grader(parameters, seed)};
  }
  NetworkGrades graded(const ConditionSpec& spec, const std::vector<MadeMember>& members, const Study& study,
                       const Spine& spine = one_level(), const std::string& precision = "float32") {
    const TemporaryFolder folder;
    return NetworkGrader(bundle_of(folder.path(), spec, members), "cpu", precision).grade(study, spine);
  }
};

TEST_F(NetworkGrading, AttentionIsTheSoftmaxOverTheSlicesOfWTanhVf) {
  const View view = foramen_view();
  const MadeMember made = member(view, "attention", 5);
  const Study study = patterned_study();
  const NetworkGrades grades = graded(plain_condition(kForaminal), {made}, study);
  const auto crop =
      cut_crop(volumes_of(study, view.series), place_crop(frame_of(one_level()), view.anchor, Side::Right), view);
  const torch::NoGradGuard no_gradients;
  const auto grader = std::dynamic_pointer_cast<GraderNetworkImpl>(made.network.module);
  const torch::Tensor features = grader->backbones().front()->forward(values_of(*crop).unsqueeze(1));  // S x F
  const auto state = grader->named_parameters();
  const torch::Tensor hidden = torch::tanh(torch::matmul(features, state["pooling.sagittal_t1.project.weight"].t()) +
                                           state["pooling.sagittal_t1.project.bias"]);
  const torch::Tensor score = torch::matmul(hidden, state["pooling.sagittal_t1.score.weight"].t()).flatten();
  const torch::Tensor expected = score.exp() / score.exp().sum();

  const auto& attention = grades[finding_at(kForaminal, Side::Right)]->attention;
  ASSERT_EQ(attention.size(), 3U);
  EXPECT_GT((expected.max() - expected.min()).item<double>(), 1e-3);  // the slices do differ
  for (size_t slice = 0; slice < attention.size(); ++slice) {
    EXPECT_EQ(attention[slice].view, "sagittal_t1");
    EXPECT_EQ(attention[slice].series_instance_uid, "1.2.3");
    EXPECT_EQ(attention[slice].sop_instance_uid, crop->slice_sop_instance_uids[slice].front());
    EXPECT_NEAR(attention[slice].weight, expected[static_cast<std::int64_t>(slice)].item<double>(), 1e-5);
  }
  EXPECT_EQ(attention[1].sop_instance_uid, grades[finding_at(kForaminal, Side::Right)]->sop_instance_uid);
}

TEST_F(NetworkGrading, EveryPoolingTellsItsAttentionAndItSumsToOne) {
  for (const char* pooling : {"mean", "attention", "lstm_attention", "transformer"}) {
    const NetworkGrades grades =
        graded(plain_condition(kForaminal), {member(foramen_view(), pooling, 5)}, patterned_study());
    double sum = 0;
    for (const auto& image : grades[finding_at(kForaminal, Side::Left)]->attention) sum += image.weight;
    EXPECT_NEAR(sum, 1, 1e-5) << pooling;
  }
}

TEST_F(NetworkGrading, ThinImagesThatMakeOneSliceShareItsWeight) {
  Study study;
  study.sagittal_t1 = patterned_volume(1, 61, "1.2.3");
  const NetworkGrades grades = graded(plain_condition(kForaminal), {member(foramen_view(), "mean", 5)}, study);
  const auto& attention = grades[finding_at(kForaminal, Side::Left)]->attention;
  ASSERT_EQ(attention.size(), 12U);  // three slices of 4 mm
  for (const auto& image : attention) EXPECT_NEAR(image.weight, 1.0 / 12, 1e-6);
}

TEST_F(NetworkGrading, SlicesBeyondTheDataHaveNoAttention) {
  Study study;
  study.sagittal_t1 = patterned_volume(4.4, 9, "1.2.3");  // its outermost slice is 17.6 mm from the middle
  const NetworkGrades grades = graded(plain_condition(kForaminal), {member(foramen_view(), "attention", 5)}, study);
  const auto& attention = grades[finding_at(kForaminal, Side::Left)]->attention;
  ASSERT_EQ(attention.size(), 2U);
  EXPECT_EQ(attention[1].sop_instance_uid, "1.2.3.8");
  EXPECT_NEAR(attention[0].weight + attention[1].weight, 1, 1e-6);
}

TEST_F(NetworkGrading, MembersAndTransformsAreAveragedAsTheSpecSays) {
  const View view = foramen_view();
  const std::vector<MadeMember> members = {member(view, "attention", 5), member(view, "mean", 6)};
  const Study study = patterned_study();
  ConditionSpec spec = plain_condition(kForaminal);
  spec.temperature = 1.7;
  spec.tta = {{}, {2, -3, 0, false}, {0, 0, 20, false}};
  const CropPlacement plain = place_crop(frame_of(one_level()), view.anchor, Side::Left);
  CropPlacement moved = plain, turned = plain;
  moved.point_patient += Vector3(0, -3, -2);  // 2 mm to the feet, 3 mm to the front
  const double angle = 20 * 3.14159265358979 / 180;
  turned.posterior = {0, std::cos(angle), -std::sin(angle)};  // from the back to the feet
  turned.up = {0, std::sin(angle), std::cos(angle)};
  for (const std::string combine : {"probabilities", "logits"}) {
    spec.combine = combine;
    torch::Tensor sum = torch::zeros({3}, torch::kFloat64);
    for (const MadeMember& made : members) {
      for (const CropPlacement& placement : {plain, moved, turned}) {
        const auto logits = logits_of(made.network, view, *cut_crop(volumes_of(study, view.series), placement, view));
        sum += combine == "logits" ? logits : torch::softmax(logits, 0);
      }
    }
    const torch::Tensor mean = combine == "logits" ? sum / 6 : (sum / 6).log();
    const NetworkGrades grades = graded(spec, members, study);
    expect_probabilities(*grades[finding_at(kForaminal, Side::Left)], torch::softmax(mean / 1.7, 0));
  }
}

Study with_axial(Study study) {
  study.axial_t2 = {patterned_volume(4.4, 15, "1.2.5")};
  Volume& axial = study.axial_t2.front();
  // Slices, columns and rows exchange places: towards the spec, the left, the back.
  const Affine old = axial.patient_from_index;
  axial.patient_from_index.linear().col(0) = 0.6 / 4.4 * old.linear().col(2);
  axial.patient_from_index.linear().col(1) = old.linear().col(0);
  axial.patient_from_index.linear().col(2) = -4.4 / 0.6 * old.linear().col(1);
  axial.patient_from_index.translation() = -(axial.patient_from_index.linear() * Vector3(80, 80, 7));
  for (int slice = 0; slice < axial.slices; ++slice) {
    axial.sources[static_cast<size_t>(slice)].position_patient = axial.patient_from_index * Vector3(0, 0, slice);
  }
  return study;
}

Vector3 mirrored(const Vector3& point) {
  return {-point.x(), point.y(), point.z()};
}

void mirror(Volume& volume) {
  Affine reflection = Affine::Identity();
  reflection.linear()(0, 0) = -1;
  volume.patient_from_index = reflection * volume.patient_from_index;
  for (SliceSource& source : volume.sources) source.position_patient = mirrored(source.position_patient);
}

TEST_F(NetworkGrading, TheMirrorTransformOfACanalIsThePlainOneOfTheMirroredPatient) {
  for (const SeriesRole role : {SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    View view = foramen_view();
    view.name = "canal_view";
    view.series = role;
    view.anchor = Anchor::Canal;
    const std::vector<MadeMember> members = {member(view, "lstm_attention", 5)};  // knows the order of slices
    const Study study = with_axial(patterned_study());
    Study other = study;
    mirror(*other.sagittal_t2);
    mirror(other.axial_t2.front());
    Spine other_spine = one_level();
    LevelFrame& frame = *other_spine.levels[static_cast<size_t>(index_of(Level::L4L5))];
    frame.canal_patient = mirrored(*frame.canal_patient);
    ConditionSpec mirrored = plain_condition(kCanal);
    mirrored.tta.front().mirror = true;
    const size_t at = finding_at(kCanal, std::nullopt);
    const auto plain = *graded(plain_condition(kCanal), members, study)[at];
    const auto through_transform = *graded(mirrored, members, study)[at];
    const auto of_mirrored = *graded(plain_condition(kCanal), members, other, other_spine)[at];
    double change = 0;
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(through_transform.probabilities[c], of_mirrored.probabilities[c], 1e-5) << role_name(role);
      change += std::abs(through_transform.probabilities[c] - plain.probabilities[c]);
    }
    EXPECT_GT(change, 1e-4) << role_name(role);
  }
}

TEST_F(NetworkGrading, SidedFindingsAreMirroredAlreadyAndAMirrorTransformChangesNothing) {
  const std::vector<MadeMember> members = {member(foramen_view(), "lstm_attention", 5)};
  ConditionSpec spec = plain_condition(kForaminal);
  spec.tta.front().mirror = true;
  const size_t at = finding_at(kForaminal, Side::Right);
  EXPECT_EQ((*graded(spec, members, patterned_study())[at]).probabilities,
            (*graded(plain_condition(kForaminal), members, patterned_study())[at]).probabilities);
}

/// Canal on T2, foramen on T1, recess on axial T2.
std::vector<View> three_views() {
  std::vector<View> views(3, foramen_view());
  views[0].name = "sagittal_t2";
  views[0].series = SeriesRole::SagittalT2;
  views[0].anchor = Anchor::Canal;
  views[2].name = "axial_t2";
  views[2].series = SeriesRole::AxialT2;
  views[2].anchor = Anchor::Recess;
  return views;
}

/// A network of all three conditions.
class SeveralConditions : public NetworkGrading {
 protected:
  SeveralConditions() {
    parameters_ = small_grader(views_.front(), "lstm_attention");  // knows the order of slices
    parameters_["views"] = {"sagittal_t2", "sagittal_t1", "axial_t2"};
    parameters_["outputs"] = {"subarticular", "canal", "foraminal"};  // not in the bundle's order
    network_ = random_grader(parameters_, 5);
    const torch::NoGradGuard no_gradients;
    network_.module->named_parameters()["head.weight"].mul_(8);  // answers that differ clearly
  }

  static Study whole_study() { return with_axial(patterned_study()); }

  TrainedNetwork trained() const { return grader_of("several", conditions_, views_, parameters_, network_); }

  NetworkGrades graded_by(const std::vector<ConditionSpec>& specs, const std::vector<TrainedNetwork>& networks,
                          const Study& study, const Spine& spine = one_level()) {
    const TemporaryFolder folder;
    return NetworkGrader(bundle_of(folder.path(), specs, networks), "cpu").grade(study, spine);
  }

  std::vector<ConditionSpec> specs(const std::vector<TtaTransform>& looks = {{}}) const {
    std::vector<ConditionSpec> all;
    for (const Condition condition : conditions_) {
      all.push_back(plain_condition(condition));
      all.back().tta = looks;
    }
    return all;
  }

  /// What the network answers when it sees the level from one side.
  TensorMap seen_from(Side side, const Study& study) const {
    const torch::NoGradGuard no_gradients;
    TensorMap inputs;
    for (const View& view : views_) {
      const CropPlacement placement = place_crop(frame_of(one_level()), view.anchor, side);
      const auto crop = cut_crop(volumes_of(study, view.series), placement, view);
      inputs[view.name] = values_of(*crop).unsqueeze(0);
      inputs[view.name + ".valid"] = valid_of(*crop);
    }
    TensorMap answers;
    for (const auto& [name, logits] : network_.forward(inputs))
      answers[name] = torch::softmax(logits[0].to(torch::kFloat64), 0);
    return answers;
  }

  std::vector<Condition> conditions_ = {kCanal, kForaminal, Condition::SubarticularStenosis};
  std::vector<View> views_ = three_views();
  nlohmann::json parameters_;
  Network network_;
};

TEST_F(SeveralConditions, EachIsAnsweredByItsOwnOutputAndTheCanalByTheMeanOfBothSides) {
  const Study study = whole_study();
  const NetworkGrades grades = graded_by(specs(), {trained()}, study);
  const TensorMap left = seen_from(Side::Left, study), right = seen_from(Side::Right, study);
  EXPECT_GT((left.at("canal") - right.at("canal")).abs().max().item<double>(), 1e-3);
  EXPECT_GT((left.at("canal") - left.at("foraminal")).abs().max().item<double>(), 1e-3);
  for (const auto& [side, answers] : {std::pair(Side::Left, &left), std::pair(Side::Right, &right)}) {
    expect_probabilities(*grades[finding_at(kForaminal, side)], answers->at("foraminal"));
    expect_probabilities(*grades[finding_at(Condition::SubarticularStenosis, side)], answers->at("subarticular"));
  }
  expect_probabilities(*grades[finding_at(kCanal, {})], (left.at("canal") + right.at("canal")) / 2);
  // Of each finding people are shown the view of its own place.
  EXPECT_EQ(grades[finding_at(kCanal, {})]->series_instance_uid, "1.2.4");
  EXPECT_EQ(grades[finding_at(kForaminal, Side::Right)]->series_instance_uid, "1.2.3");
  EXPECT_EQ(grades[finding_at(kForaminal, Side::Right)]->point_patient,
            place_crop(frame_of(one_level()), Anchor::Foramen, Side::Right).point_patient);
  EXPECT_EQ(grades[finding_at(Condition::SubarticularStenosis, Side::Left)]->series_instance_uid, "1.2.5");
  double weight = 0;
  for (const auto& image : grades[finding_at(kCanal, {})]->attention) weight += image.weight;
  EXPECT_NEAR(weight, 3, 1e-5) << "one for each view";
}

TEST_F(SeveralConditions, TheMirroredPatientHasTheAnswersOfTheOtherSide) {
  const Study study = whole_study();
  Study other = study;
  mirror(*other.sagittal_t1);
  mirror(*other.sagittal_t2);
  mirror(other.axial_t2.front());
  Spine spine = one_level();
  LevelFrame& frame = *spine.levels[static_cast<size_t>(index_of(Level::L4L5))];
  frame.canal_patient = mirrored(*frame.canal_patient);
  const NetworkGrades plain = graded_by(specs(), {trained()}, study),
                      swapped = graded_by(specs(), {trained()}, other, spine);
  const auto expect_same = [](const NetworkGrade& a, const NetworkGrade& b) {
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(a.probabilities[c], b.probabilities[c], 1e-5);
  };
  expect_same(*swapped[finding_at(kCanal, {})], *plain[finding_at(kCanal, {})]);
  for (const Condition condition : {kForaminal, Condition::SubarticularStenosis}) {
    const auto &left = plain[finding_at(condition, Side::Left)], &right = plain[finding_at(condition, Side::Right)];
    expect_same(*swapped[finding_at(condition, Side::Right)], *left);
    expect_same(*swapped[finding_at(condition, Side::Left)], *right);
    double difference = 0;
    for (size_t c = 0; c < 3; ++c)
      difference = std::max(difference, std::abs(left->probabilities[c] - right->probabilities[c]));
    EXPECT_GT(difference, 2e-4) << "the sides differ";
  }
}

TEST_F(SeveralConditions, WeighInAnEnsembleAsMuchAsANetworkOfOneCondition) {
  const Study study = whole_study();
  const MadeMember alone = member(views_.front(), "lstm_attention", 7);
  const TrainedNetwork canal = grader_of("alone", {kCanal}, {alone.view}, alone.parameters, alone.network);
  TtaTransform mirror_look;
  mirror_look.mirror = true;
  const std::vector<TtaTransform> looks = {{}, mirror_look};
  const size_t at = finding_at(kCanal, {});
  std::vector<ConditionSpec> canal_alone = {specs(looks).front()};
  const auto of_one = *graded_by(canal_alone, {canal}, study)[at],
             of_several = *graded_by(specs(looks), {trained()}, study)[at];
  const NetworkGrades together = graded_by(specs(looks), {canal, trained()}, study);
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(together[at]->probabilities[c], (of_one.probabilities[c] + of_several.probabilities[c]) / 2, 1e-5);
  }
  EXPECT_GT(std::abs(of_one.probabilities[0] - of_several.probabilities[0]), 1e-3);
}

TEST_F(SeveralConditions, NeedTheFirstViewAndDoWithoutTheOthersAndAreSilentOneByOne) {
  Study study = whole_study();
  const NetworkGrades whole = graded_by(specs(), {trained()}, study);
  std::vector<ConditionSpec> silent = specs();
  silent[0].model_weight = 0;
  const NetworkGrades others = graded_by(silent, {trained()}, study);
  EXPECT_FALSE(others[finding_at(kCanal, {})]);
  EXPECT_EQ(others[finding_at(kForaminal, Side::Left)]->probabilities,
            whole[finding_at(kForaminal, Side::Left)]->probabilities);
  study.axial_t2.clear();
  const size_t recess = finding_at(Condition::SubarticularStenosis, Side::Left);
  const NetworkGrades without_axial = graded_by(specs(), {trained()}, study);
  ASSERT_TRUE(without_axial[recess]);
  EXPECT_NE(without_axial[recess]->probabilities, whole[recess]->probabilities);
  EXPECT_EQ(without_axial[recess]->series_instance_uid, "1.2.4") << "the first view is all that there is to show";
  study.sagittal_t2.reset();
  for (const auto& grade : graded_by(specs(), {trained()}, study)) EXPECT_FALSE(grade);
}

TEST_F(SeveralConditions, ANetworkWithoutAViewOfAConditionsPlaceIsRefused) {
  TrainedNetwork blind = trained();
  blind.spec.inputs[2].anchor = "canal";
  try {
    graded_by(specs(), {blind}, whole_study());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    EXPECT_STREQ(error.what(), "the network \"several\" grades subarticular, and no input has the anchor recess");
  }
}

TEST_F(NetworkGrading, BFloat16GivesTheSameWithinItsPrecision) {
  for (const char* pooling : {"mean", "attention", "lstm_attention", "transformer"}) {
    const std::vector<MadeMember> members = {member(foramen_view(), pooling, 5)};
    const size_t at = finding_at(kForaminal, Side::Left);
    const auto fine = *graded(plain_condition(kForaminal), members, patterned_study())[at];
    const auto coarse = *graded(plain_condition(kForaminal), members, patterned_study(), one_level(), "bfloat16")[at];
    for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(coarse.probabilities[c], fine.probabilities[c], 0.03) << pooling;
    EXPECT_NE(coarse.probabilities, fine.probabilities) << pooling;
  }
}

TEST_F(NetworkGrading, Float16OnTheCpuIsRefused) {
  EXPECT_THROW(graded(plain_condition(kForaminal), {member(foramen_view(), "mean", 5)}, patterned_study(), one_level(),
                      "float16"),
               Error);
}

}  // namespace
}  // namespace lumbargrade
