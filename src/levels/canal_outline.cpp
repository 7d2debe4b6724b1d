#include "levels/canal_outline.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/statistics.h"
#include "levels/canal_path.h"
#include "levels/canal_profile.h"
#include "levels/central_slices.h"
#include "levels/recess_outline.h"
#include "levels/slice_image.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

// Margins of the strip around the discs' posterior edges.
constexpr double kAboveAndBelowMm = 35;
constexpr double kInFrontMm = 20;
constexpr double kBehindMm = 40;

// The definition of SPIDER's canal_measurements.csv, found by comparing with its masks (r .99).
constexpr double kLeastWeight = 0.05;  // unlikelier slices are not traced
constexpr double kSearchMm = 7;
constexpr double kFarthestMm = 25;

// The slice with most canal is looked for this far around the locator's.
constexpr double kSearchMiddleMm = 4.5;

constexpr double kOwnHalfHeightMm = 12;  // of a level's own part of the canal

double mm(double px) {
  return px * kOutlinePixelMm;
}
double px(double mm) {
  return mm / kOutlinePixelMm;
}

int rounded_up(double length, int multiple_of) {
  return static_cast<int>(std::ceil(length / multiple_of)) * multiple_of;
}

/// The rectangle's part of an image; beyond the image its edge is repeated.
cv::Mat1f cut(const cv::Mat1f& image, const cv::Rect& rect) {
  const cv::Rect inside = rect & cv::Rect(0, 0, image.cols, image.rows);
  cv::Mat1f result;
  cv::copyMakeBorder(image(inside), result, inside.y - rect.y, rect.br().y - inside.br().y, inside.x - rect.x,
                     rect.br().x - inside.br().x, cv::BORDER_REPLICATE);
  return result;
}

void standardise(std::vector<cv::Mat1f>& images) {
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (const cv::Mat1f& image : images) {
    sum += cv::sum(image)[0];
    squares += image.dot(image);
    count += static_cast<double>(image.total());
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
  for (cv::Mat1f& image : images) image = (image - mean) / std::max(deviation, 1e-6);
}

/// Where a disc reaches farthest back in the strip's images: SPIDER's table starts there. A disc that ends in a half
/// circle does so half its height times the sine of its tilt above or below the middle of its edge. (The masks say the
/// same: a regression over 1,002 outlines of discs gives 3.8 mm times the sine; their mean height is 7.5 mm.)
cv::Point2d rearmost_px(const CanalStrip& strip, const DiscEdge& disc) {
  const Vector3 back = strip.patient_from_pixel.front().linear().col(0).normalized();
  return strip.pixel(disc.edge_patient + disc.up * (disc.up.dot(back) * disc.height_mm / 2));
}

/// The path of one slice's canal and where each disc meets it.
struct TracedSlice {
  int slice = 0;
  CanalPath path;
  std::vector<std::optional<size_t>> at_disc;  ///< nearest to the disc's rearmost point: the diameter's place
  std::vector<std::optional<size_t>> at_edge;  ///< nearest to the middle of its edge: references lie half-way between
};

TracedSlice traced(int k, const cv::Mat1f& canal, const CanalStrip& strip, const std::vector<DiscEdge>& discs) {
  const cv::Mat inside = canal > kOutlineLevel;
  TracedSlice slice{k, trace_canal(inside), {}, {}};
  for (const DiscEdge& disc : discs) {
    slice.at_disc.push_back(nearest_on_path(slice.path, rearmost_px(strip, disc), px(kFarthestMm)));
    slice.at_edge.push_back(nearest_on_path(slice.path, strip.pixel(disc.edge_patient), px(kFarthestMm)));
  }
  return slice;
}

/// Median diameter within 4 mm of half-way between two points of the path.
double diameter_half_way(const CanalPath& path, size_t above, size_t below) {
  const size_t middle = (above + below) / 2;
  std::vector<double> values;
  for (size_t k = 0; k < path.points_px.size(); ++k) {
    if (cv::norm(path.points_px[k] - path.points_px[middle]) <= px(kReferenceReachMm))
      values.push_back(path.diameters_px[k]);
  }
  return median_of(std::move(values));
}

std::optional<double> reference_px(const TracedSlice& slice, size_t disc) {
  std::vector<double> values;
  const auto add = [&](size_t above, size_t below) {
    const auto& from = slice.at_edge[above];
    const auto& to = slice.at_edge[below];
    if (from && to && *from < *to) values.push_back(diameter_half_way(slice.path, *from, *to));
  };
  if (disc > 0) add(disc - 1, disc);
  if (disc + 1 < slice.at_edge.size()) add(disc, disc + 1);
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// A mean by weight.
struct WeightedMean {
  double sum = 0;
  double weight = 0;
  void add(double value, double by) { sum += by * value, weight += by; }
  double value() const { return sum / weight; }
};

/// Means over `slices` by `weight_of_slice`; the point is that of the heaviest one of them that shows the canal.
std::optional<CanalMeasure> canal_measure(const CanalStrip& strip, const std::vector<TracedSlice>& slices, size_t disc,
                                          const std::vector<double>& weight_of_slice) {
  CanalMeasure measure;
  WeightedMean diameter;
  WeightedMean reference;
  double heaviest = 0;
  for (const TracedSlice& slice : slices) {
    const double weight = weight_of_slice[static_cast<size_t>(slice.slice)];
    if (!slice.at_disc[disc] || weight < kLeastWeight) continue;
    if (weight > heaviest) {
      heaviest = weight;
      measure.slice = slice.slice;
      measure.point_patient = strip.patient(slice.path.points_px[*slice.at_disc[disc]], slice.slice);
    }
    diameter.add(mm(narrowest_near(slice.path, *slice.at_disc[disc], px(kSearchMm))), weight);
    if (const auto between = reference_px(slice, disc)) reference.add(mm(*between), weight);
  }
  if (measure.slice < 0) return std::nullopt;
  measure.diameter_mm = diameter.value();
  if (reference.weight > 0) measure.reference_mm = reference.value();
  return measure;
}

/// Area of the outlined canal in `rows` of the slices around `centre`, 0 in the others.
std::vector<double> canal_areas_mm2(const CanalStrip& strip, const std::vector<cv::Mat1f>& canal, double centre,
                                    const cv::Range& rows) {
  std::vector<double> areas_mm2(canal.size(), 0.0);
  for (size_t k = 0; k < canal.size(); ++k) {
    const double apart_mm = strip.positions.distance_mm(static_cast<double>(k), centre);
    if (canal[k].empty() || apart_mm > kSearchMiddleMm) continue;
    areas_mm2[k] = cv::countNonZero(canal[k].rowRange(rows) > kOutlineLevel) * kOutlinePixelMm * kOutlinePixelMm;
  }
  return areas_mm2;
}

/// Rows of the strip within 12 mm above and below a disc.
cv::Range own_rows(const CanalStrip& strip, const DiscEdge& disc) {
  const double row = strip.pixel(disc.edge_patient).y;
  const int first = std::clamp(static_cast<int>(row - px(kOwnHalfHeightMm)), 0, strip.rect_px.height);
  return {first, std::clamp(static_cast<int>(row + px(kOwnHalfHeightMm)), first, strip.rect_px.height)};
}

/// Whether a disc's canal lies beside the study's central slices (scoliosis).
bool leaves_centre(const CanalStrip& strip, const DiscEdge& disc, double central_slice) {
  return strip.positions.distance_mm(strip.slice(disc.edge_patient), central_slice) > kCentralMm;
}

/// The study's central slices for all discs, but a level's own where a scoliotic canal leaves them.
SliceWeights slice_weights(const CanalStrip& strip, const std::vector<DiscEdge>& discs,
                           const std::vector<double>& areas_mm2, double central_slice,
                           const std::vector<cv::Mat1f>& canal) {
  SliceWeights weights(discs.size(), central_weights(areas_mm2, strip.positions));
  for (size_t k = 0; k < discs.size(); ++k) {
    if (!leaves_centre(strip, discs[k], central_slice)) continue;
    const double middle = strip.slice(discs[k].edge_patient);
    const std::vector<double> own = canal_areas_mm2(strip, canal, middle, own_rows(strip, discs[k]));
    if (std::ranges::max(own) > 0) weights[k] = central_weights(own, strip.positions);
  }
  return weights;
}

}  // namespace

cv::Point2d CanalStrip::pixel(const Vector3& patient) const {
  const Vector3 index = patient_from_pixel.front().inverse() * patient;
  return {index.x(), index.y()};
}

double CanalStrip::slice(const Vector3& patient) const {
  return positions.slice_at(positions.height_mm(patient));
}

Vector3 CanalStrip::patient(cv::Point2d pixel, int slice) const {
  return patient_from_pixel[static_cast<size_t>(slice)] * Vector3(pixel.x, pixel.y, 0);
}

OutlineInput CanalStrip::input(int slice, double side_mm) const {
  const auto at = [&](double place) -> cv::Mat1f {
    const double last = static_cast<double>(slices.size() - 1);
    const double clamped = std::clamp(place, 0.0, last);
    const auto below = static_cast<size_t>(clamped);
    const size_t above = std::min(below + 1, slices.size() - 1);
    const double t = clamped - static_cast<double>(below);
    if (t < 1e-6) return slices[below];
    return cv::Mat1f(slices[below] * (1 - t) + slices[above] * t);
  };
  const double height_mm = positions.height_of(slice);
  return {at(positions.slice_at(height_mm - side_mm)), slices[static_cast<size_t>(slice)],
          at(positions.slice_at(height_mm + side_mm))};
}

CanalStrip cut_canal_strip(const Volume& sagittal, const std::vector<DiscEdge>& discs, int multiple_of) {
  CanalStrip strip;
  strip.positions = SlicePositions(sagittal);
  const SliceImage first = canonical_slice(sagittal, 0, kOutlinePixelMm);
  cv::Point2d low(1e9, 1e9);
  cv::Point2d high(-1e9, -1e9);
  for (const DiscEdge& disc : discs) {
    const Vector3 at = first.patient_from_pixel.inverse() * disc.edge_patient;
    low = {std::min(low.x, at.x()), std::min(low.y, at.y())};
    high = {std::max(high.x, at.x()), std::max(high.y, at.y())};
  }
  // A strip never needs to be larger than the image that it is cut from.
  const double rows = std::min<double>(high.y - low.y + 2 * px(kAboveAndBelowMm), first.pixels.rows);
  const double columns = std::min<double>(high.x - low.x + px(kInFrontMm + kBehindMm), first.pixels.cols);
  strip.rect_px = {std::clamp(static_cast<int>(low.x - px(kInFrontMm)), 0, first.pixels.cols - 1),
                   std::clamp(static_cast<int>(low.y - px(kAboveAndBelowMm)), 0, first.pixels.rows - 1),
                   rounded_up(columns, multiple_of), rounded_up(rows, multiple_of)};
  Affine view_from_strip = Affine::Identity();
  view_from_strip.translation() = Vector3(strip.rect_px.x, strip.rect_px.y, 0);
  const auto count = static_cast<size_t>(sagittal.slices);
  strip.slices.resize(count);
  strip.patient_from_pixel.resize(count);
  parallel_for(count, [&](size_t k) {
    const SliceImage slice = k == 0 ? first : canonical_slice(sagittal, static_cast<int>(k), kOutlinePixelMm);
    strip.slices[k] = cut(slice.pixels, strip.rect_px);
    strip.patient_from_pixel[k] = slice.patient_from_pixel * view_from_strip;
  });
  standardise(strip.slices);
  return strip;
}

std::vector<DiscEdge> disc_edges(const Spine& spine) {
  std::vector<DiscEdge> edges;
  for (const auto& level : spine.levels) {
    if (!level) continue;
    const Vector3 middle = level->canal_patient.value_or(level->centre_patient) - level->centre_patient;
    edges.push_back(
        {level->level,
         level->centre_patient + level->posterior * level->depth_mm / 2 + level->left * middle.dot(level->left),
         level->posterior, level->up, level->height_mm});
  }
  return edges;
}

std::vector<cv::Mat1f> cut_slices(const Volume& sagittal, const cv::Rect& rect_px) {
  std::vector<cv::Mat1f> slices;
  for (int k = 0; k < sagittal.slices; ++k) {
    slices.push_back(cut(canonical_slice(sagittal, k, kOutlinePixelMm).pixels, rect_px));
  }
  return slices;
}

std::vector<int> outlined_slices(const CanalStrip& strip, const std::vector<DiscEdge>& discs, double central_slice) {
  const auto count = static_cast<int>(strip.slices.size());
  const std::vector<int> central = central_slices(central_slice, strip.positions);
  std::vector<int> chosen;
  for (int k = 0; k < count; ++k) {
    const bool is_central = std::count(central.begin(), central.end(), k) > 0 ||
                            strip.positions.distance_mm(k, central_slice) <= kSearchMiddleMm + kCentralMm;
    const bool shows_a_disc = std::any_of(discs.begin(), discs.end(), [&](const DiscEdge& disc) {
      const double aside_mm = std::abs(strip.positions.height_of(k) - strip.positions.height_mm(disc.edge_patient));
      return shows_recess(strip, aside_mm) ||
             (leaves_centre(strip, disc, central_slice) && aside_mm <= kSearchMiddleMm + kCentralMm);
    });
    if (is_central || shows_a_disc) chosen.push_back(k);
  }
  return chosen;
}

std::vector<OutlineMeasures> measure_outline(const CanalStrip& strip, const std::vector<DiscEdge>& discs,
                                             const SliceWeights& weights, const std::vector<cv::Mat1f>& canal) {
  std::vector<int> counted;
  for (size_t k = 0; k < canal.size(); ++k) {
    const bool counts =
        std::any_of(weights.begin(), weights.end(), [&](const auto& of_disc) { return of_disc[k] >= kLeastWeight; });
    if (counts && !canal[k].empty()) counted.push_back(static_cast<int>(k));
  }
  std::vector<TracedSlice> central(counted.size());
  parallel_for(counted.size(), [&](size_t k) {
    central[k] = traced(counted[k], canal[static_cast<size_t>(counted[k])], strip, discs);
  });
  const double left = strip.positions.normal().x() >= 0 ? 1 : -1;
  std::vector<OutlineMeasures> measures(discs.size());
  for (size_t disc = 0; disc < discs.size(); ++disc) {
    measures[disc].canal = canal_measure(strip, central, disc, weights[disc]);
    measures[disc].recess_left = recess_measure(strip, discs[disc], canal, left);
    measures[disc].recess_right = recess_measure(strip, discs[disc], canal, -left);
  }
  return measures;
}

OutlinedStrip outlined_strip(const Volume& sagittal, const Spine& spine, const CanalOutliner& outliner) {
  OutlinedStrip result{disc_edges(spine), {}, {}};
  result.strip = cut_canal_strip(sagittal, result.discs, outliner.multiple_of);
  const std::vector<int> chosen = outlined_slices(result.strip, result.discs, spine.central_slice);
  std::vector<OutlineInput> inputs;
  for (const int k : chosen) inputs.push_back(result.strip.input(k));
  std::vector<cv::Mat1f> outlined = outliner.outline(inputs);
  result.canal.resize(result.strip.slices.size());
  for (size_t k = 0; k < chosen.size(); ++k) result.canal[static_cast<size_t>(chosen[k])] = std::move(outlined[k]);
  return result;
}

void outline_canal(const Volume& sagittal, const CanalOutliner& outliner, Spine& spine) {
  if (spine.level_count() == 0) return;
  const auto [discs, strip, canal] = outlined_strip(sagittal, spine, outliner);
  // Around the locator's central slice. (Adding what the locator sees above and below the strip, where SPIDER's masks
  // count too, made diameters worse: its map strays there.)
  const auto areas_mm2 = canal_areas_mm2(strip, canal, spine.central_slice, cv::Range::all());
  if (std::ranges::max(areas_mm2) > 0) spine.central_slice = slice_with_most_canal(areas_mm2, strip.positions);
  const SliceWeights weights = slice_weights(strip, discs, areas_mm2, spine.central_slice, canal);
  const auto measures = measure_outline(strip, discs, weights, canal);
  for (size_t k = 0; k < discs.size(); ++k) {
    LevelFrame& frame = *spine.levels[index_of(discs[k].level)];
    // Of single slices the locator's diameters tell stenoses better (MODEL_CARD.md): they stay.
    if (sagittal.slices > 1 && measures[k].canal) {
      const auto fluid_ratio = frame.canal ? frame.canal->fluid_ratio : std::nullopt;
      frame.canal = measures[k].canal;
      frame.canal->fluid_ratio = fluid_ratio;
    }
    frame.recess_left = measures[k].recess_left;
    frame.recess_right = measures[k].recess_right;
  }
}

}  // namespace lumbargrade
