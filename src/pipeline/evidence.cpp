#include "pipeline/evidence.h"

#include <algorithm>
#include <cmath>

#include "core/flags.h"
#include "volume/slice_positions.h"

namespace lumbargrade {
namespace {

constexpr double kCanalHalfWidth_mm = 8;        // of the part in which diameters are taken
constexpr double kSingleImageConfidence = 0.8;  // of a stack's: no neighbour confirms what one image shows
constexpr double kSmallestMargin_mm = 10;       // from a disc's centre to the image's edge: half a disc, its end plates
constexpr double kNextDisc_mm = 40;             // the tallest level

/// The share of the slices in the widest gap that the canal runs through at this height; 1 where there is none.
double slices_present(const SlicePositions& slices, double canal_mm) {
  double share = 1;
  for (const SliceGap& gap : slices.gaps()) {
    const bool is_there = gap.first_mm < canal_mm + kCanalHalfWidth_mm && gap.last_mm > canal_mm - kCanalHalfWidth_mm;
    if (is_there) share = std::min(share, slices.usual_step_mm() / gap.length_mm());
  }
  return share;
}

/// How far a point lies within the image, in the slices' plane; negative outside.
double margin_mm(const Volume& volume, const Vector3& point_patient) {
  const Vector3 index = volume.patient_from_index.inverse() * point_patient;
  const Vector3 spacing = spacing_mm(volume.patient_from_index);
  const double column_mm = std::min(index.x(), volume.columns - 1 - index.x()) * spacing.x();
  const double row_mm = std::min(index.y(), volume.rows - 1 - index.y()) * spacing.y();
  return std::min(column_mm, row_mm);
}

/// Whether the image ends where the spine goes on: beside a level that was found, or where one that was not would be.
bool is_cut(const Volume& volume, const Spine& spine) {
  const LevelFrame *highest = nullptr, *lowest = nullptr;
  for (const auto& level : spine.levels) {
    if (!level) continue;
    if (!highest) highest = &*level;
    lowest = &*level;
    if (margin_mm(volume, level->centre_patient) < kSmallestMargin_mm) return true;
  }
  if (!highest) return false;
  const bool wants_above = !spine.levels.front(), wants_below = !spine.levels.back();
  return (wants_above && margin_mm(volume, highest->centre_patient + kNextDisc_mm * highest->up) < 0) ||
         (wants_below && margin_mm(volume, lowest->centre_patient - kNextDisc_mm * lowest->up) < 0);
}

}  // namespace

void weigh_evidence(const Volume& sagittal, Spine& spine) {
  const SlicePositions slices(sagittal);
  bool misses_slices = false;
  for (auto& level : spine.levels) {
    if (!level) continue;
    const double canal_mm = slices.height_mm(level->canal_patient.value_or(level->centre_patient));
    const double share = slices_present(slices, canal_mm);
    misses_slices = misses_slices || share < 1;
    level->confidence *= share;
    if (sagittal.slices == 1) level->confidence *= kSingleImageConfidence;
  }
  if (misses_slices) spine.flags.emplace_back(flags::kSlicesMissing.word);
  if (sagittal.slices == 1) spine.flags.emplace_back(flags::kSingleImage.word);
  if (is_cut(sagittal, spine)) spine.flags.emplace_back(flags::kFieldOfViewCut.word);
}

void flag_missing_series(const Study& study, StudyGrades& grades) {
  for (Grade& grade : grades) {
    if (grade.finding.condition == Condition::NeuralForaminalNarrowing && !study.sagittal_t1) {
      grade.flags.emplace_back(flags::kNoSagittalT1.word);
    }
    if (grade.finding.condition == Condition::SubarticularStenosis && study.axial_t2.empty()) {
      grade.flags.emplace_back(flags::kNoAxialT2.word);
    }
  }
}

}  // namespace lumbargrade
