// What the measuring code makes of the radiologists' own outlines, at the places where the locator finds the discs:
//   canal_on_masks BUNDLE DATA        (DATA as for `lumbargrade train canal`)
// Prints study, level, measured and tabled diameter, both ratios; then mean absolute error and correlation. What is
// left here is not the network's fault.
#include <torch/types.h>

#include <cstdlib>
#include <iostream>
#include <numeric>

#include "bundle/bundle.h"
#include "core/error.h"
#include "levels/canal_outline.h"
#include "levels/central_slices.h"
#include "levels/locate.h"
#include "levels/spine_networks.h"
#include "program.h"
#include "training/segmentation/canal_evaluation.h"

namespace lumbargrade {
namespace {

constexpr int kMultipleOf = 16;  // of the outline network's strips

/// Pixels of canal in each slice of a mask.
std::vector<double> areas_px(const Volume& mask) {
  std::vector<double> areas;
  const auto pixels = static_cast<std::ptrdiff_t>(mask.rows) * mask.columns;
  for (int k = 0; k < mask.slices; ++k)
    areas.push_back(std::accumulate(mask.slice_data(k), mask.slice_data(k) + pixels, 0.0));
  return areas;
}

/// Puts the masks' measures into the spine.
void measure_masks(const LabelledStudy& study, const Volume& mask, Spine& spine) {
  const std::vector<DiscEdge> discs = disc_edges(spine);
  const auto measures =
      measure_mask(study.volume, mask, spine, slice_with_most_canal(areas_px(mask), SlicePositions(mask)), kMultipleOf);
  for (size_t k = 0; k < discs.size(); ++k) {
    spine.levels[index_of(discs[k].level)]->canal = measures[k].canal;
  }
}

void print(const LevelFigure& row) {
  std::cout << row.study_id << ',' << level_name(row.level) << ',' << row.diameter_mm.value_or(0) << ','
            << row.true_diameter_mm.value_or(0) << ',' << row.ratio.value_or(0) << ',' << row.true_ratio.value_or(0)
            << '\n';
}

int run(const std::string& bundle, const std::string& data) {
  const SpineNetworks networks = spine_networks(load_bundle(bundle), torch::kCPU, "float32");
  const LocatorDataset dataset(data);
  std::vector<LevelFigure> rows;
  std::cout << "study_id,level,diameter_mm,true_diameter_mm,ratio,true_ratio\n";
  for (const std::string& id : dataset.study_ids()) {
    const LabelledStudy study = dataset.load(id);
    Spine spine = locate_spine(study.volume, *networks.locator);
    measure_masks(study, dataset.canal_mask(study), spine);
    for (const LevelFigure& row : evaluate_spine(study, spine)) {
      print(row);
      rows.push_back(row);
    }
  }
  std::cerr << describe(summarise(rows)) << '\n';
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "canal_on_masks BUNDLE DATA", 2, 2,
                     [](const Arguments& arguments) { return run(arguments[0], arguments[1]); });
}
