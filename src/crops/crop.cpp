#include "crops/crop.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "volume/slice_positions.h"
#include "volume/slice_sampler.h"

namespace lumbargrade {
namespace {

// Mean offsets from the canal point of the same level in patient space, mm (docs/sources.md, "The challenge's data").
// The foramen's: medians of 581 studies, in front and above in units of the distance between canal points
// (docs/sources.md).
constexpr std::array<double, kLevelCount> kForamenLateralMm = {13.2, 15.4, 15.4, 17.6, 17.6};
constexpr std::array<double, kLevelCount> kForamenAnterior = {0.04, 0.09, 0.13, 0.25, 0.41};
constexpr std::array<double, kLevelCount> kForamenAbove = {0.20, 0.24, 0.24, 0.29, 0.26};
constexpr double kRecessLateralMm = 8;
constexpr double kRecessAnteriorMm = 2.5;
constexpr double kRecessBelowMm = 2;
/// Where the canal was not seen, it is this far behind the disc's posterior edge.
constexpr double kCanalBehindDiscMm = 8;
/// A crop needs a slice at most this far from its point, or half a slice step.
constexpr double kFarthestSliceMm = 4;
/// A block that is tilted against the disc counts as this much farther away.
constexpr double kMmPerDegree = 0.3;
/// Slices down to this share of the view's thickness are taken as they are.
constexpr double kThinShare = 0.75;
/// Of views that are relative to the distance of discs: beyond, a level was misplaced.
constexpr double kLeastScale = 0.6, kLargestScale = 1.6;
constexpr double kDegrees = 57.29577951308232;

bool shows(const Volume& volume, int slice, const Vector3& point_patient) {
  const Eigen::Vector2d pixel = pixel_of(volume, slice, point_patient);
  return pixel.x() >= 0 && pixel.y() >= 0 && pixel.x() <= volume.columns - 1 && pixel.y() <= volume.rows - 1;
}

/// The square of a crop in a slice's plane.
struct Window {
  int size_px = 0;
  double pixel_mm = 0;
  Vector3 column_direction;
  Vector3 row_direction;
};

/// One slice sampled in its own plane around `centre_patient`, added to `sum`; NaN where it does not reach. Where the
/// crop's pixels are larger than the slice's, several samples are averaged.
void add_slice(const Volume& volume, int slice, const Vector3& centre_patient, const Window& window, float* sum) {
  const Eigen::Vector2d centre = pixel_of(volume, slice, centre_patient);
  const Vector3 spacing = spacing_mm(volume.patient_from_index);
  const int per_axis = std::max(1, static_cast<int>(std::lround(window.pixel_mm / std::min(spacing.x(), spacing.y()))));
  const double sub_mm = window.pixel_mm / per_axis;
  const auto step_of = [&](const Vector3& direction) -> Eigen::Vector2d {
    return pixel_of(volume, slice, centre_patient + sub_mm * direction) - centre;
  };
  const Eigen::Vector2d along_row = step_of(window.column_direction), along_column = step_of(window.row_direction);
  const int samples = window.size_px * per_axis;
  const double middle = (samples - 1) / 2.0;
  Eigen::Matrix2Xd in_row(2, samples);  // where the samples of a row lie that runs through the centre
  for (int u = 0; u < samples; ++u) in_row.col(u) = centre + (u - middle) * along_row;
  const SliceSampler sample(volume, slice);
  const auto share = 1.0F / static_cast<float>(per_axis * per_axis);
  for (int row = 0; row < window.size_px; ++row) {
    for (int column = 0; column < window.size_px; ++column) {
      float value = 0;
      for (int v = row * per_axis; v < (row + 1) * per_axis; ++v) {
        for (int u = column * per_axis; u < (column + 1) * per_axis; ++u) {
          value += sample(in_row.col(u) + (v - middle) * along_column);
        }
      }
      *sum++ += value * share;
    }
  }
}

/// The axis nearest to `wanted` in the plane with this normal.
Vector3 in_plane(const Vector3& wanted, const Vector3& normal) {
  return (wanted - normal * normal.dot(wanted)).normalized();
}

Window window_of(const CropPlacement& placement, const View& view, const Vector3& normal, int margin_px) {
  const bool axial = view.series == SeriesRole::AxialT2;
  Window window;
  window.size_px = view.size_px + 2 * margin_px;
  window.pixel_mm = view.pixel_mm;
  if (view.relative_to_discs) {
    window.pixel_mm *= std::clamp(placement.disc_spacing_mm / kUsualDiscSpacingMm, kLeastScale, kLargestScale);
  }
  window.row_direction = in_plane(axial ? placement.posterior : Vector3(-placement.up), normal);
  const Vector3 wanted = axial ? placement.lateral : placement.posterior;
  window.column_direction = in_plane(wanted - window.row_direction * window.row_direction.dot(wanted), normal);
  return window;
}

/// What a volume can show of a point.
struct Candidate {
  const Volume* volume = nullptr;
  SlicePositions slices;
  int direction = 1;  ///< 1: a crop counts slices as the volume does; -1: the other way
  int nearest = 0;    ///< slice
  double cost_mm = 0;
};

std::optional<Candidate> candidate_of(const Volume& volume, const CropPlacement& placement, bool axial) {
  if (volume.slices < 1) return std::nullopt;
  Candidate candidate{&volume, SlicePositions(volume)};
  const SlicePositions& slices = candidate.slices;
  const double along = slices.normal().dot(axial ? Vector3(-placement.up) : placement.lateral);
  const double height_mm = slices.height_mm(placement.point_patient);
  candidate.direction = along < 0 ? -1 : 1;
  candidate.nearest = slices.nearest(height_mm);
  const double distance_mm = std::abs(slices.height_of(candidate.nearest) - height_mm);
  if (distance_mm > std::max(kFarthestSliceMm, slices.usual_step_mm() / 2)) return std::nullopt;
  if (!shows(volume, candidate.nearest, placement.point_patient)) return std::nullopt;
  candidate.cost_mm = distance_mm + kMmPerDegree * kDegrees * std::acos(std::min(std::abs(along), 1.0));
  return candidate;
}

/// Thin slices are averaged to the view's thickness.
bool is_averaged(const SlicePositions& slices, const View& view) {
  return slices.count() > 1 && slices.usual_step_mm() < kThinShare * view.slice_mm;
}

/// Which slices of the volume make up slice `place` of the crop, counted from its middle: where they are thin, all
/// within the view's thickness.
std::vector<int> slices_at(int place, const Candidate& best, const CropPlacement& placement, const View& view) {
  const SlicePositions& slices = best.slices;
  const double step_mm = slices.usual_step_mm();
  if (!is_averaged(slices, view)) {
    if (place == 0) return {best.nearest};
    const double wanted_mm = slices.height_of(best.nearest) + best.direction * place * step_mm;
    const int slice = slices.nearest(wanted_mm);
    const bool is_there = std::abs(slices.height_of(slice) - wanted_mm) < step_mm / 2;
    return is_there ? std::vector<int>{slice} : std::vector<int>{};
  }
  std::vector<int> chosen;
  const double point_mm = best.direction * slices.height_mm(placement.point_patient);
  const double middle_mm = point_mm + place * view.slice_mm;
  for (int k = 0; k < slices.count(); ++k) {
    const double offset_mm = best.direction * slices.height_of(k) - middle_mm;
    if (offset_mm >= -view.slice_mm / 2 && offset_mm < view.slice_mm / 2) chosen.push_back(k);
  }
  return chosen;
}

std::optional<Candidate> best_candidate(const std::vector<const Volume*>& volumes, const CropPlacement& placement,
                                        bool axial) {
  std::optional<Candidate> best;
  for (const Volume* volume : volumes) {
    auto candidate = candidate_of(*volume, placement, axial);
    if (candidate && (!best || candidate->cost_mm < best->cost_mm)) best = std::move(candidate);
  }
  return best;
}

/// Visits the pixels of a slice that the view shows without its margin.
template <typename Visit>
void for_each_central(const View& view, const CropMargin& margin, int slice, const Visit& visit) {
  const int size = view.size_px + 2 * margin.pixels;
  for (int row = margin.pixels; row < margin.pixels + view.size_px; ++row) {
    const size_t first = (static_cast<size_t>(slice) * size + row) * static_cast<size_t>(size) + margin.pixels;
    for (size_t k = first; k < first + static_cast<size_t>(view.size_px); ++k) visit(k);
  }
}

struct Limits {
  float low = 0;
  float high = 0;
};

/// The value of this rank from below, counted from 0. Limits lie near the ends of what is seen: few values compete for
/// the places from there on, which is several times as fast as std::nth_element.
float ranked(const std::vector<float>& values, size_t rank) {
  const bool from_below = rank < values.size() / 2;
  std::vector<float> outer(from_below ? rank + 1 : values.size() - rank);
  if (from_below) {
    std::partial_sort_copy(values.begin(), values.end(), outer.begin(), outer.end());
  } else {
    std::partial_sort_copy(values.begin(), values.end(), outer.begin(), outer.end(), std::greater<>());
  }
  return outer.back();
}

std::optional<Limits> grey_limits(const std::vector<float>& values, const View& view, const CropMargin& margin) {
  std::vector<float> seen;
  seen.reserve(values.size());
  for (int slice = margin.slices; slice < margin.slices + view.slices; ++slice) {
    for_each_central(view, margin, slice, [&](size_t k) {
      if (std::isfinite(values[k])) seen.push_back(values[k]);
    });
  }
  if (seen.empty()) return std::nullopt;
  const auto at = [&](double percentile) {
    return ranked(seen, static_cast<size_t>(std::lround(percentile / 100 * static_cast<double>(seen.size() - 1))));
  };
  return Limits{at(view.normalisation.low_percentile), at(view.normalisation.high_percentile)};
}

std::vector<std::uint8_t> quantised(const std::vector<float>& values, const Limits& limits) {
  std::vector<std::uint8_t> result(values.size(), 0);
  const float scale = limits.high > limits.low ? 255.0F / (limits.high - limits.low) : 0.0F;
  for (size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k])) continue;
    // Never negative, and unlike lround the compiler makes vectors of it.
    const double level = double{std::clamp((values[k] - limits.low) * scale, 0.0F, 255.0F)};
    result[k] = static_cast<std::uint8_t>(level + 0.5);  // NOLINT(bugprone-incorrect-roundings)
  }
  return result;
}

/// Averages the slices that make up one slice of the crop. Empty where there is none.
std::vector<float> averaged(const Candidate& best, const std::vector<int>& slices, const CropPlacement& placement,
                            const Window& window) {
  if (slices.empty()) return {};
  std::vector<float> sum(static_cast<size_t>(window.size_px) * static_cast<size_t>(window.size_px), 0.0F);
  for (const int slice : slices) {
    const double offset_mm = best.slices.height_of(slice) - best.slices.height_mm(placement.point_patient);
    add_slice(*best.volume, slice, placement.point_patient + offset_mm * best.slices.normal(), window, sum.data());
  }
  for (float& value : sum) value /= static_cast<float>(slices.size());
  return sum;
}

/// The patient point at the middle of one slice of the crop.
Vector3 slice_middle_patient(int place, const std::vector<int>& made_of, const Candidate& best,
                             const CropPlacement& placement, const View& view) {
  const bool averages = is_averaged(best.slices, view);
  const double offset_mm =
      averages || made_of.empty()
          ? best.direction * place * (averages ? view.slice_mm : best.slices.usual_step_mm())
          : best.slices.height_of(made_of.front()) - best.slices.height_mm(placement.point_patient);
  return placement.point_patient + offset_mm * best.slices.normal();
}

std::vector<std::string> images_of(const Volume& volume, const std::vector<int>& slices) {
  std::vector<std::string> uids;
  for (const int slice : slices) {
    const auto at = static_cast<size_t>(slice);
    if (at < volume.sources.size()) uids.push_back(volume.sources[at].sop_instance_uid);
  }
  return uids;
}

/// More than half of what the view shows of a slice lies inside the image.
std::vector<std::uint8_t> validity(const std::vector<float>& values, const View& view, const CropMargin& margin) {
  std::vector<std::uint8_t> valid;
  for (int slice = 0; slice < view.slices + 2 * margin.slices; ++slice) {
    int inside = 0;
    for_each_central(view, margin, slice, [&](size_t k) { inside += std::isfinite(values[k]); });
    valid.push_back(2 * inside > view.size_px * view.size_px);
  }
  return valid;
}

/// Backwards at right angles to the canal.
Vector3 across_canal(const LevelFrame& frame) {
  return (frame.posterior - frame.canal_up * frame.canal_up.dot(frame.posterior)).normalized();
}

}  // namespace

CropExtent extent_of(const View& view, const CropMargin& margin) {
  return {static_cast<size_t>(view.slices) + 2 * static_cast<size_t>(margin.slices),
          static_cast<size_t>(view.size_px) + 2 * static_cast<size_t>(margin.pixels)};
}

std::string_view point_source_name(PointSource source) {
  static constexpr std::array<std::string_view, 4> kNames = {"usual", "network", "finder", "measure"};
  return kNames.at(index_of(source));
}

CropPlacement usual_placement(const LevelFrame& frame, Anchor anchor, std::optional<Side> side, bool mirrored) {
  CropPlacement placement;
  placement.lateral = side == Side::Right ? Vector3(-frame.left) : frame.left;
  placement.posterior = frame.posterior;
  placement.up = frame.up;
  placement.disc_spacing_mm = frame.spacing_mm;
  const Vector3 canal = frame.canal_patient.value_or(
      Vector3(frame.centre_patient + (frame.depth_mm / 2 + kCanalBehindDiscMm) * frame.posterior));
  const auto level = index_of(frame.level);
  switch (anchor) {
    case Anchor::Canal:
      placement.point_patient = canal;
      break;
    case Anchor::Foramen:
      placement.point_patient =
          canal + kForamenLateralMm[level] * placement.lateral +
          frame.spacing_mm * (kForamenAbove[level] * frame.canal_up - kForamenAnterior[level] * across_canal(frame));
      break;
    case Anchor::Recess:
      placement.point_patient =
          canal + kRecessLateralMm * placement.lateral + Vector3(0, -kRecessAnteriorMm, -kRecessBelowMm);
      break;
  }
  if (!mirrored) placement.lateral = frame.left;
  return placement;
}

CropPlacement place_crop(const LevelFrame& frame, Anchor anchor, std::optional<Side> side, bool mirrored) {
  CropPlacement placement = usual_placement(frame, anchor, side, mirrored);
  const auto& found = found_point(frame.points, anchor, side);
  if (!found) return placement;
  placement.point_patient = found->point_patient;
  placement.origin = {PointSource::Network, found->confidence};
  return placement;
}

std::vector<const Volume*> volumes_of(const Study& study, SeriesRole role) {
  std::vector<const Volume*> volumes;
  if (role == SeriesRole::SagittalT1 && study.sagittal_t1) volumes.push_back(&*study.sagittal_t1);
  if (role == SeriesRole::SagittalT2 && study.sagittal_t2) volumes.push_back(&*study.sagittal_t2);
  if (role == SeriesRole::AxialT2) {
    for (const Volume& volume : study.axial_t2) volumes.push_back(&volume);
  }
  return volumes;
}

std::optional<Crop> cut_crop(const std::vector<const Volume*>& volumes, const CropPlacement& placement,
                             const View& view, const CropMargin& margin) {
  const auto best = best_candidate(volumes, placement, view.series == SeriesRole::AxialT2);
  if (!best) return std::nullopt;
  const Window window = window_of(placement, view, best->slices.normal(), margin.pixels);
  const int slices = view.slices + 2 * margin.slices;
  const size_t per_slice = static_cast<size_t>(window.size_px) * static_cast<size_t>(window.size_px);
  std::vector<float> values(per_slice * static_cast<size_t>(slices), SliceSampler::kOutside);
  Crop crop;
  for (int place = 0; place < slices; ++place) {
    const std::vector<int> made_of = slices_at(place - slices / 2, *best, placement, view);
    crop.slice_sop_instance_uids.push_back(images_of(*best->volume, made_of));
    crop.slice_middle_patient.push_back(slice_middle_patient(place - slices / 2, made_of, *best, placement, view));
    const auto slice = averaged(*best, made_of, placement, window);
    std::copy(slice.begin(), slice.end(), values.begin() + static_cast<std::ptrdiff_t>(per_slice * place));
  }
  const auto limits = grey_limits(values, view, margin);
  if (!limits) return std::nullopt;
  crop.slices = slices;
  crop.size_px = window.size_px;
  crop.pixels = quantised(values, *limits);
  crop.slice_valid = validity(values, view, margin);
  crop.point_patient = placement.point_patient;
  crop.origin = placement.origin;
  crop.column_direction = window.column_direction;
  crop.row_direction = window.row_direction;
  crop.series_instance_uid = best->volume->series_instance_uid;
  const auto nearest = static_cast<size_t>(best->nearest);
  if (nearest < best->volume->sources.size()) crop.sop_instance_uid = best->volume->sources[nearest].sop_instance_uid;
  return crop;
}

}  // namespace lumbargrade
