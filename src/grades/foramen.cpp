#include "grades/foramen.h"

#include "network/parallel_for.h"

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
  std::array<double, 256> histogram{};
  for_each_within(crop, pixel_mm, kAroundMm, [&](std::uint8_t grey) { histogram[grey] += 1; });
  const int threshold = otsu_threshold(histogram);
  int bright = 0, all = 0;
  for_each_within(crop, pixel_mm, kFatMm, [&](std::uint8_t grey) {
    bright += grey > threshold;
    ++all;
  });
  return static_cast<double>(bright) / all;
}

}  // namespace

int otsu_threshold(const std::array<double, 256>& histogram) {
  double count = 0, sum = 0;
  for (size_t grey = 0; grey < histogram.size(); ++grey) {
    count += histogram[grey];
    sum += static_cast<double>(grey) * histogram[grey];
  }
  int threshold = 0;
  double dark = 0, dark_sum = 0, greatest = -1;
  for (size_t grey = 0; grey + 1 < histogram.size(); ++grey) {
    dark += histogram[grey];
    dark_sum += static_cast<double>(grey) * histogram[grey];
    const double bright = count - dark;
    if (dark <= 0 || bright <= 0) continue;
    const double difference = dark_sum / dark - (sum - dark_sum) / bright;
    const double between = dark * bright * difference * difference;
    if (between > greatest) greatest = between, threshold = static_cast<int>(grey);
  }
  return threshold;
}

std::optional<ForamenMeasure> measure_foramen(const std::vector<const Volume*>& sagittal_t1,
                                              const CropPlacement& placement) {
  const View view = foramen_surroundings();
  const auto crop = cut_crop(sagittal_t1, placement, view);
  if (!crop || crop->slice_valid.front() == 0) return std::nullopt;
  return ForamenMeasure{fat_share(*crop, view.pixel_mm), crop->point_patient, crop->series_instance_uid,
                        crop->sop_instance_uid};
}

ForamenMeasures measure_foramina(const Study& study, const Spine& spine) {
  ForamenMeasures measures;
  const auto volumes = volumes_of(study, SeriesRole::SagittalT1);
  parallel_for(measures.size(), [&](size_t k) {
    const Finding& finding = all_findings()[k];
    const auto& frame = spine.levels[static_cast<size_t>(index_of(finding.level))];
    if (finding.condition != Condition::NeuralForaminalNarrowing || !frame) return;
    measures[k] = measure_foramen(volumes, place_crop(*frame, Anchor::Foramen, finding.side));
  });
  return measures;
}

}  // namespace lumbargrade
