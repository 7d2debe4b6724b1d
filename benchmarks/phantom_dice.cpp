// How well a locator trained on patients segments phantom slices it has never seen:
//   lumbargrade phantom --studies 20 --seed 31 --labels -o PHANTOM
//   phantom_dice BUNDLE PHANTOM
// Prints study, slices and the Dice coefficients of discs and canal over the central sagittal T2 slices (those with at
// least half of the canal pixels of the fullest one), then the means. STIR series are left out: the locator never saw
// any.
#include <torch/types.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bundle/bundle.h"
#include "levels/spine_networks.h"
#include "phantom/tissue.h"
#include "program.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

using phantom::Label;

/// Pixels of the canonical view that hold one of `wanted`, 255 or 0.
cv::Mat1b mask_of(const Volume& labels, int slice, const std::vector<Label>& wanted) {
  const cv::Mat1f values(labels.rows, labels.columns, const_cast<float*>(labels.slice_data(slice)));
  cv::Mat1b mask(values.size(), static_cast<uchar>(0));
  for (const Label label : wanted) mask |= values == static_cast<double>(label);
  const CanonicalView view = canonical_view(labels.patient_from_index, labels.columns, labels.rows);
  return resample(mask, view) > 127;
}

struct Overlap {
  double both = 0, sum = 0;
  void add(const cv::Mat1f& map, const cv::Mat1b& truth) {
    const cv::Mat1b found = map > 0.5;
    both += cv::countNonZero(found & truth);
    sum += cv::countNonZero(found) + cv::countNonZero(truth);
  }
  double dice() const { return sum > 0 ? 2 * both / sum : 0; }
};

struct StudyDice {
  int slices = 0;
  Overlap disc, canal;
};

StudyDice compare(const Volume& image, const Volume& labels, const LocatorNetwork& network) {
  std::vector<SliceImage> slices;
  std::vector<cv::Mat1b> discs, canals;
  for (int k = 0; k < image.slices; ++k) {
    slices.push_back(canonical_slice(image, k));
    discs.push_back(mask_of(labels, k, {Label::Annulus, Label::Nucleus}));
    canals.push_back(mask_of(labels, k, {Label::Csf, Label::NerveRoot, Label::Cord}));
  }
  const std::vector<LocatorMaps> maps = network.predict(slices);
  int fullest = 0;
  for (const cv::Mat1b& canal : canals) fullest = std::max(fullest, cv::countNonZero(canal));
  StudyDice dice;
  for (size_t k = 0; k < slices.size(); ++k) {
    if (2 * cv::countNonZero(canals[k]) < fullest) continue;
    ++dice.slices;
    dice.disc.add(maps[k].disc, discs[k]);
    dice.canal.add(maps[k].canal, canals[k]);
  }
  return dice;
}

int run(const std::filesystem::path& bundle, const std::filesystem::path& root) {
  const SpineNetworks networks = spine_networks(load_bundle(bundle), torch::kCPU, "float32");
  std::ifstream in(root / "truth.json");
  const auto truth = nlohmann::json::parse(in);
  double disc_sum = 0, canal_sum = 0;
  int studies = 0;
  std::cout << "study,slices,disc_dice,canal_dice\n";
  for (const auto& study : truth) {
    const std::string id = study["study_id"].dump();
    const std::string series = study["series"][1]["series_id"].dump();
    if (study["series"][1].value("contrast", "T2") == "STIR") continue;
    const Volume image = load_series(root / "train_images" / id / series).at(0);
    const Volume labels = load_series(root / "labels" / id / series).at(0);
    const StudyDice dice = compare(image, labels, *networks.locator);
    std::cout << id << "," << dice.slices << "," << dice.disc.dice() << "," << dice.canal.dice() << std::endl;
    disc_sum += dice.disc.dice();
    canal_sum += dice.canal.dice();
    ++studies;
  }
  std::cout << "mean of " << studies << ",," << disc_sum / studies << "," << canal_sum / studies << "\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "phantom_dice BUNDLE PHANTOM", 2, 2,
                     [](const Arguments& arguments) { return run(arguments[0], arguments[1]); });
}
