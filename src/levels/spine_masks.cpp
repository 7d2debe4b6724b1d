#include "levels/spine_masks.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

constexpr float kMaskLevel = 0.5F;
constexpr double kBesideMm = 32;           // half the width of a large vertebral body, and a slice more
constexpr double kDiscHalfHeightMm = 12;   // farther from its plane nothing belongs to a disc
constexpr double kAroundDiscMm = 12;       // in front of and behind its ends
constexpr double kDrawnBodyRadiusMm = 45;  // from the centre of a vertebral body
constexpr double kAroundCanalLineMm = 22;  // the widest canals are 30 mm across

const std::optional<LevelFrame>& frame_at(const Spine& spine, int level) {
  return spine.levels[static_cast<size_t>(level)];
}

double height_over(const LevelFrame& frame, const Vector3& point_patient) {
  return (point_patient - frame.centre_patient).dot(frame.up);
}

/// The disc that a voxel of the disc map belongs to; 0 where none is near.
std::uint8_t disc_label(const Spine& spine, const Vector3& point_patient) {
  std::uint8_t label = 0;
  double nearest_mm = kDiscHalfHeightMm;
  for (int level = 0; level < kLevelCount; ++level) {
    const auto& frame = frame_at(spine, level);
    if (!frame) continue;
    const Vector3 offset = point_patient - frame->centre_patient;
    const double height_mm = std::abs(offset.dot(frame->up));
    if (height_mm >= nearest_mm || std::abs(offset.dot(frame->posterior)) > frame->depth_mm / 2 + kAroundDiscMm)
      continue;
    nearest_mm = height_mm;
    label = static_cast<std::uint8_t>(kFirstDiscLabel + level);
  }
  return label;
}

/// Whether a point lies between the disc below a vertebra and the one above it (L1: as far above its centre as the disc
/// lies below it).
bool is_between_discs(const Spine& spine, int vertebra, const Vector3& centre, const Vector3& point_patient) {
  const auto& below = frame_at(spine, vertebra);
  if (!below || height_over(*below, point_patient) <= 0) return false;
  if (vertebra > 0 && frame_at(spine, vertebra - 1))
    return height_over(*frame_at(spine, vertebra - 1), point_patient) < 0;
  return height_over(*below, point_patient) < 2 * height_over(*below, centre);
}

std::uint8_t vertebra_label(const Spine& spine, const Vector3& point_patient) {
  for (int vertebra = 0; vertebra < kLevelCount; ++vertebra) {
    const auto& centre = spine.vertebra_centres_patient[static_cast<size_t>(vertebra)];
    if (!centre || (point_patient - *centre).norm() > kDrawnBodyRadiusMm) continue;
    if (is_between_discs(spine, vertebra, *centre, point_patient)) {
      return static_cast<std::uint8_t>(kFirstVertebraLabel + vertebra);
    }
  }
  return 0;
}

bool is_at_canal_line(const Spine& spine, const Vector3& point_patient) {
  return std::any_of(spine.canal_line_patient.begin(), spine.canal_line_patient.end(), [&](const Vector3& on_line) {
    return (on_line - point_patient).squaredNorm() < kAroundCanalLineMm * kAroundCanalLineMm;
  });
}

/// The in-plane part of a map from pixels (column, row) to a slice's own (column, row).
cv::Matx23d in_plane(const Affine& index_from_pixel) {
  const auto& m = index_from_pixel.matrix();
  return {m(0, 0), m(0, 1), m(0, 3), m(1, 0), m(1, 1), m(1, 3)};
}

cv::Mat1f on_grid(const cv::Mat1f& map, const cv::Matx23d& index_from_pixel, const Volume& grid, float outside) {
  cv::Mat1f mapped;
  cv::warpAffine(map, mapped, index_from_pixel, {grid.columns, grid.rows}, cv::INTER_LINEAR, cv::BORDER_CONSTANT,
                 outside);
  return mapped;
}

/// The maps of one slice on its own grid.
struct SliceMaps {
  cv::Mat1f disc, vertebra, canal;
};

/// Leaves the largest connected part of a label in a slice.
void keep_largest_part(cv::Mat1b& labels, std::uint8_t label) {
  cv::Mat1i parts;
  cv::Mat1i statistics;
  cv::Mat1d centroids;
  const cv::Mat1b mask(labels == label);
  const int count = cv::connectedComponentsWithStats(mask, parts, statistics, centroids, 8, CV_32S);
  if (count <= 2) return;
  int largest = 1;
  for (int part = 2; part < count; ++part) {
    if (statistics(part, cv::CC_STAT_AREA) > statistics(largest, cv::CC_STAT_AREA)) largest = part;
  }
  labels.setTo(0, mask & (parts != largest));
}

/// The label of a voxel; `point_patient` tells where it lies and is asked only where something was drawn.
template <typename PointFunction>
std::uint8_t label_of(const Spine& spine, const SliceMaps& maps, int row, int column,
                      const PointFunction& point_patient) {
  if (maps.canal(row, column) > kMaskLevel) return is_at_canal_line(spine, point_patient()) ? kCanalLabel : 0;
  if (maps.disc(row, column) > kMaskLevel) return disc_label(spine, point_patient());
  return maps.vertebra(row, column) > kMaskLevel ? vertebra_label(spine, point_patient()) : 0;
}

/// Labels one slice of the mask.
void label_slice(const Volume& sagittal, const Spine& spine, int slice, const SliceMaps& maps, cv::Mat1b labels) {
  for (int row = 0; row < labels.rows; ++row) {
    for (int column = 0; column < labels.cols; ++column) {
      labels(row, column) = label_of(
          spine, maps, row, column, [&] { return Vector3(sagittal.patient_from_index * Vector3(column, row, slice)); });
    }
  }
  for (const SpineStructure& structure : kSpineStructures) {
    if (structure.kind != StructureKind::Canal) keep_largest_part(labels, structure.label);
  }
}

/// Slices within kBesideMm of a level's centre.
std::vector<int> slices_at_spine(const Volume& sagittal, const Spine& spine) {
  const Affine index_from_patient = sagittal.patient_from_index.inverse();
  const double step_mm = sagittal.patient_from_index.linear().col(2).norm();
  std::vector<int> slices;
  for (int slice = 0; slice < sagittal.slices; ++slice) {
    const bool is_near = std::any_of(spine.levels.begin(), spine.levels.end(), [&](const auto& frame) {
      return frame && std::abs((index_from_patient * frame->centre_patient).z() - slice) * step_mm <= kBesideMm;
    });
    if (is_near) slices.push_back(slice);
  }
  return slices;
}

/// Puts the finer outline in the place of the locator's canal, wherever it was drawn.
void refine_canal(const Volume& sagittal, const Spine& spine, const CanalOutliner& outliner,
                  const std::vector<int>& slices, std::vector<SliceMaps>& maps) {
  const OutlinedStrip outlined = outlined_strip(sagittal, spine, outliner);
  const Affine index_from_patient = sagittal.patient_from_index.inverse();
  for (size_t k = 0; k < slices.size(); ++k) {
    const auto slice = static_cast<size_t>(slices[k]);
    if (outlined.canal[slice].empty()) continue;
    const Affine index_from_pixel = index_from_patient * outlined.strip.patient_from_pixel[slice];
    const cv::Mat1f fine = on_grid(outlined.canal[slice], in_plane(index_from_pixel), sagittal, -1);
    fine.copyTo(maps[k].canal, fine >= 0);
  }
}

}  // namespace

SpineMasks mask_spine(const Volume& sagittal, const Spine& spine, const MapFunction& maps_of,
                      const std::optional<CanalOutliner>& outliner) {
  SpineMasks masks{std::vector<std::uint8_t>(sagittal.voxels.size(), 0)};
  const std::vector<int> slices = slices_at_spine(sagittal, spine);
  if (slices.empty()) return masks;
  const cv::Matx23d index_from_pixel =
      canonical_view(sagittal.patient_from_index, sagittal.columns, sagittal.rows).index_from_pixel;
  std::vector<SliceImage> images;
  for (const int slice : slices) images.push_back(canonical_slice(sagittal, slice));
  std::vector<SliceMaps> maps;
  for (const LocatorMaps& drawn : maps_of(images)) {
    const auto own = [&](const cv::Mat1f& map) { return on_grid(map, index_from_pixel, sagittal, 0); };
    maps.push_back({own(drawn.disc), own(drawn.vertebra), own(drawn.canal)});
  }
  if (outliner) refine_canal(sagittal, spine, *outliner, slices, maps);
  const size_t slice_size = static_cast<size_t>(sagittal.rows) * static_cast<size_t>(sagittal.columns);
  for (size_t k = 0; k < slices.size(); ++k) {
    label_slice(
        sagittal, spine, slices[k], maps[k],
        cv::Mat1b(sagittal.rows, sagittal.columns, masks.labels.data() + static_cast<size_t>(slices[k]) * slice_size));
  }
  return masks;
}

std::vector<MaskedStructure> masked_structures(const SpineMasks& masks, const Volume& sagittal) {
  std::array<Vector3, 256> sums;
  std::array<double, 256> counts{};
  sums.fill(Vector3::Zero());
  size_t voxel = 0;
  for (int slice = 0; slice < sagittal.slices; ++slice) {
    for (int row = 0; row < sagittal.rows; ++row) {
      for (int column = 0; column < sagittal.columns; ++column, ++voxel) {
        const std::uint8_t label = masks.labels[voxel];
        if (label == 0) continue;
        sums[label] += Vector3(column, row, slice);
        counts[label] += 1;
      }
    }
  }
  const double voxel_mm3 = std::abs(sagittal.patient_from_index.linear().determinant());
  std::vector<MaskedStructure> found;
  for (const SpineStructure& structure : kSpineStructures) {
    const double count = counts[structure.label];
    if (count == 0) continue;
    found.push_back(
        {structure, sagittal.patient_from_index * Vector3(sums[structure.label] / count), count * voxel_mm3});
  }
  return found;
}

}  // namespace lumbargrade
