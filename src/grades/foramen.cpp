#include "grades/foramen.h"

#include "grades/foramen_finder.h"
#include "grades/otsu.h"
#include "network/parallel_for.h"
#include "volume/slice_positions.h"

namespace lumbargrade {
namespace {

constexpr double kFatMm = 9;
constexpr double kAroundMm = 30;

View foramen_surroundings() {
  View view;
  view.name = "foramen";
  view.series = SeriesRole::SagittalT1;
  view.anchor = Anchor::Foramen;
  view.slices = 1;
  view.size_px = 121;  // odd: one pixel is the point
  view.pixel_mm = 2 * kAroundMm / (view.size_px - 1);
  return view;
}

/// Calls `visit` with each grey value of a crop of one slice that lies within `radius_mm` of its middle.
template <typename Visit>
void for_each_within(const Crop& crop, double pixel_mm, double radius_mm, const Visit& visit) {
  const int middle = crop.size_px / 2;
  const double radius_px = radius_mm / pixel_mm;
  const auto square = [](double offset_px) { return offset_px * offset_px; };
  for (int row = 0; row < crop.size_px; ++row) {
    for (int column = 0; column < crop.size_px; ++column) {
      if (square(row - middle) + square(column - middle) > square(radius_px)) continue;
      visit(crop.pixels[static_cast<size_t>(row) * static_cast<size_t>(crop.size_px) + static_cast<size_t>(column)]);
    }
  }
}

double fat_share(const Crop& crop, double pixel_mm) {
  std::vector<std::uint8_t> surroundings;
  for_each_within(crop, pixel_mm, kAroundMm, [&](std::uint8_t grey) { surroundings.push_back(grey); });
  const double threshold = otsu_threshold(surroundings);
  double bright = 0, all = 0;
  for_each_within(crop, pixel_mm, kFatMm, [&](std::uint8_t grey) {
    bright += grey > threshold;
    ++all;
  });
  return bright / all;
}

/// Whether the slices reach a place: a slab around the canal ends before the foramina.
bool lies_in_stack(const Volume& volume, const CropPlacement& placement) {
  const SlicePositions slices(volume);
  const double slice = slices.slice_at(slices.height_mm(placement.point_patient));
  return slice > -0.5 && slice < slices.count() - 0.5;
}

}  // namespace

std::optional<ForamenMeasure> measure_foramen(const std::vector<const Volume*>& sagittal_t1,
                                              const CropPlacement& placement) {
  const View view = foramen_surroundings();
  const auto crop = cut_crop(sagittal_t1, placement, view);
  if (!crop || crop->slice_valid.front() == 0) return std::nullopt;
  return ForamenMeasure{fat_share(*crop, view.pixel_mm),
                        crop->point_patient,
                        crop->series_instance_uid,
                        crop->sop_instance_uid,
                        false,
                        crop->origin};
}

CropPlacement place_foramen(const std::vector<const Volume*>& sagittal_t1, const LevelFrame& frame, Side side,
                            const std::optional<ForamenFinder>& finder) {
  CropPlacement placement = place_crop(frame, Anchor::Foramen, side);
  if (!finder || placement.origin.source == PointSource::Network) return placement;
  const auto found = find_foramen(foramen_places(sagittal_t1, placement), *finder);
  if (!found) return placement;
  placement.point_patient = *found;
  placement.origin = {PointSource::Finder};
  return placement;
}

ForamenMeasures measure_foramina(const Study& study, const Spine& spine, const std::optional<ForamenFinder>& finder) {
  ForamenMeasures measures;
  const bool on_t2 = !study.sagittal_t1;
  const auto volumes = volumes_of(study, on_t2 ? SeriesRole::SagittalT2 : SeriesRole::SagittalT1);
  if (volumes.empty()) return measures;
  parallel_for(measures.size(), [&](size_t k) {
    const Finding& finding = all_findings()[k];
    const auto& frame = spine.levels[index_of(finding.level)];
    if (finding.condition != Condition::NeuralForaminalNarrowing || !frame) return;
    if (on_t2 && !lies_in_stack(*volumes.front(), place_crop(*frame, Anchor::Foramen, finding.side))) return;
    measures[k] = measure_foramen(volumes, place_foramen(volumes, *frame, *finding.side, finder));
    if (measures[k]) measures[k]->on_t2 = on_t2;
  });
  return measures;
}

}  // namespace lumbargrade
