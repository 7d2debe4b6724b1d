#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "levels/canal_outline.h"
#include "training/segmentation/locator_evaluation.h"

namespace lumbargrade {

/// One lateral recess of one held-out study.
struct RecessFigure {
  std::string study_id;
  Level level = Level::L1L2;
  Side side = Side::Left;
  double depth_mm = 0;       ///< by the network
  double true_depth_mm = 0;  ///< by the mask, read in the same way at the same place
};

struct CanalFigures {
  std::vector<LevelFigure> levels;
  std::vector<RecessFigure> recesses;
};

/// What the mask says at the discs of a located spine, in the order of disc_edges, over the slices around
/// `central_slice`. `canal_mask` as LocatorDataset::canal_mask, `multiple_of` as for cut_canal_strip: where the canal
/// runs on below the last disc, the strip's end can move a reference by some thousandths.
std::vector<OutlineMeasures> measure_mask(const Volume& sagittal, const Volume& canal_mask, const Spine& spine,
                                          double central_slice, int multiple_of);

/// The stack as a scanner with thicker slices would have seen it: each of its slices is the mean of `count` neighbours
/// and lies in their middle. What is left over at the two ends is dropped alike; a stack of fewer slices gives one.
/// Clinical sagittal series have slices of 3-5 mm; SPIDER's have .9 mm.
Volume thick_stack(const Volume& thin, int count);

/// Measures a study with the locator's discs and the outline; `canal_mask` as LocatorDataset::canal_mask.
CanalFigures evaluate_canal(const LabelledStudy& study, const Volume& canal_mask, const LocatorNetwork& locator,
                            const CanalOutliner& outliner);

struct RecessSummary {
  Side side = Side::Left;
  size_t count = 0;
  double correlation = 0;
  double mean_absolute_error_mm = 0;
  double narrowest_tenth_auc = 0;  ///< area under the ROC curve: the depth finds the tenth with least true depth
};

RecessSummary summarise(const std::vector<RecessFigure>& rows, Side side);
std::string describe(const RecessSummary& summary);
void write_recess_figures(const std::filesystem::path& path, const std::vector<RecessFigure>& rows);
std::vector<RecessFigure> read_recess_figures(const std::filesystem::path& path);

}  // namespace lumbargrade
