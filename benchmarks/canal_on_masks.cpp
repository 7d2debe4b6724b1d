// What the measuring code makes of the radiologists' own outlines, at the places where the locator finds the discs:
//   canal_on_masks BUNDLE DATA        (DATA as for `lumbargrade train canal`)
// Prints study, level, measured and tabled diameter, both ratios, and the diameter in the level's own middle slices
// with how far these lie beside the study's; then mean absolute error and correlation. What is left here is not the
// network's fault.
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
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
constexpr double kOwnHalfHeightMm = 12;
constexpr double kFarthestMm = 40;  // from a disc's rear edge to its canal

/// Pixels of canal in each slice of a mask.
std::vector<double> areas_px(const Volume& mask) {
  std::vector<double> areas;
  const auto pixels = static_cast<std::ptrdiff_t>(mask.rows) * mask.columns;
  for (int k = 0; k < mask.slices; ++k)
    areas.push_back(std::accumulate(mask.slice_data(k), mask.slice_data(k) + pixels, 0.0));
  return areas;
}

/// Pixels of canal in each slice of a mask within kOwnHalfHeightMm of a disc.
std::vector<double> areas_near_px(const Volume& mask, const DiscEdge& disc) {
  std::vector<double> areas;
  for (int k = 0; k < mask.slices; ++k) {
    double area = 0;
    for (int row = 0; row < mask.rows; ++row) {
      for (int column = 0; column < mask.columns; ++column) {
        const Vector3 at = mask.patient_from_index * Vector3(column, row, k);
        const Vector3 from_disc = at - disc.edge_patient;
        const bool is_near = std::abs(from_disc.z()) <= kOwnHalfHeightMm && std::abs(from_disc.y()) <= kFarthestMm;
        if (is_near)
          area += mask.slice_data(
              k)[static_cast<size_t>(row) * static_cast<size_t>(mask.columns) + static_cast<size_t>(column)];
      }
    }
    areas.push_back(area);
  }
  return areas;
}

/// The middle of the slices that show at least half as much canal as the one that shows most.
double middle_of_areas(const std::vector<double>& areas) {
  const double half = *std::ranges::max_element(areas) / 2;
  const auto enough = [half](double area) { return area > 0 && area >= half; };
  const auto first = std::ranges::find_if(areas, enough);
  if (first == areas.end()) return static_cast<double>(areas.size() - 1) / 2;
  const auto last = std::find_if(areas.rbegin(), areas.rend(), enough);
  return static_cast<double>((first - areas.begin()) + (areas.rend() - last - 1)) / 2;
}

/// What the mask shows in a level's own middle slices.
struct OwnMiddle {
  std::optional<double> diameter_mm;
  double aside_mm = 0;  ///< how far these slices lie beside those of the study
};

/// Puts the masks' measures, in the slices that show most canal, into the spine; by level, what its own middle shows.
std::map<Level, OwnMiddle> measure_masks(const LabelledStudy& study, const Volume& mask, Spine& spine) {
  const std::vector<DiscEdge> discs = disc_edges(spine);
  const SlicePositions positions(mask);
  const double central = slice_with_most_canal(areas_px(mask), positions);
  const auto measures = measure_mask(study.volume, mask, spine, central, kMultipleOf);
  std::map<Level, OwnMiddle> own;
  for (size_t k = 0; k < discs.size(); ++k) {
    const double middle = middle_of_areas(areas_near_px(mask, discs[k]));
    const auto canal = measure_mask(study.volume, mask, spine, middle, kMultipleOf)[k].canal;
    own[discs[k].level] = {canal ? std::optional(canal->diameter_mm) : std::nullopt,
                           positions.distance_mm(middle, central)};
    spine.levels[index_of(discs[k].level)]->canal = measures[k].canal;
  }
  return own;
}

void print(const LevelFigure& row, const OwnMiddle& own) {
  std::cout << row.study_id << ',' << level_name(row.level) << ',' << row.diameter_mm.value_or(0) << ','
            << row.true_diameter_mm.value_or(0) << ',' << row.ratio.value_or(0) << ',' << row.true_ratio.value_or(0)
            << ',' << own.diameter_mm.value_or(0) << ',' << own.aside_mm << '\n';
}

int run(const std::string& bundle, const std::string& data) {
  const SpineNetworks networks = spine_networks(load_bundle(bundle), torch::kCPU, "float32");
  const LocatorDataset dataset(data);
  std::vector<LevelFigure> rows;
  std::cout << "study_id,level,diameter_mm,true_diameter_mm,ratio,true_ratio,own_diameter_mm,aside_mm\n";
  for (const std::string& id : dataset.study_ids()) {
    const LabelledStudy study = dataset.load(id);
    Spine spine = locate_spine(study.volume, *networks.locator);
    const auto own = measure_masks(study, dataset.canal_mask(study), spine);
    for (const LevelFigure& row : evaluate_spine(study, spine)) {
      print(row, own.contains(row.level) ? own.at(row.level) : OwnMiddle{});
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
