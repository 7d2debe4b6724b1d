#include "levels/locate.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/flags.h"
#include "core/statistics.h"
#include "levels/canal_profile.h"
#include "levels/central_slices.h"
#include "levels/disc_chain.h"
#include "levels/locator_network.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

// Half the width of what is looked at (docs/sources.md, "Locator: from maps to names"). The outer
// slices of a clinical stack, 20-40 mm beside the middle, show fat that looks like canal.
constexpr double kSpineHalfWidthMm = 12;
constexpr double kSpineShare = 0.5;  // of the spine that the best slice shows
// Of these, slices with at least this share of the most canal speak for the study's names.
constexpr double kCentralShare = 0.5;
constexpr float kCanalLevel = 0.5F;
// A scoliotic canal is looked for this far beside the slices that show most of the spine.
constexpr double kBesideSpineMm = 9;
// Along its hill the canal's mass may rise by this factor before another structure is taken to begin.
constexpr double kHillNoise = 1.2;
// Farther from the measured slices than this, the middle of a scoliotic canal is not what they show.
constexpr double kFarFromMiddleMm = 5;
// A chain is a lumbar spine when its discs are seen this well on average and a canal runs behind it.
constexpr double kMinimumMeanScore = 0.35;
constexpr double kMinimumMeanScoreWithoutSacrum = 0.65;  // a head has disc-like spots too, but no sacrum below them
constexpr size_t kMinimumDiscs = 3;
constexpr double kMinimumCanalMm = 50;
constexpr std::ptrdiff_t kMinimumDiscsWithCanal = 2;
// Two discs that both look like L5/S1 speak for a transitional vertebra or a rudimentary S1/S2 disc.
constexpr double kRivalShare = 0.6;
constexpr double kUnusualSpacing = 1.55;

/// Mean of `maps[k].*member` over the chosen slices.
cv::Mat1f mean_map(const std::vector<LocatorMaps>& maps, const std::vector<size_t>& chosen,
                   cv::Mat1f LocatorMaps::*member) {
  cv::Mat1f sum((maps[chosen.front()].*member).size(), 0.0F);
  for (const size_t k : chosen) sum += maps[k].*member;
  return cv::Mat1f(sum / static_cast<double>(chosen.size()));
}

LocatorMaps mean_maps(const std::vector<LocatorMaps>& maps, const std::vector<size_t>& chosen) {
  return {mean_map(maps, chosen, &LocatorMaps::disc),  mean_map(maps, chosen, &LocatorMaps::vertebra),
          mean_map(maps, chosen, &LocatorMaps::canal), mean_map(maps, chosen, &LocatorMaps::l5s1),
          mean_map(maps, chosen, &LocatorMaps::s1),    mean_map(maps, chosen, &LocatorMaps::centre)};
}

/// How much of a lumbar spine a slice shows by itself: the scores of its discs that have a canal behind them, times how
/// well its sacrum is seen.
double spine_seen(const LocatorMaps& slice, double pixel_mm) {
  const DiscChain chain = find_disc_chain(slice, pixel_mm);
  if (chain.discs.empty()) return 0;
  const CanalProfile profile = measure_canal(slice.canal, pixel_mm, chain);
  double seen = 0;
  for (const DiscCandidate& disc : chain.discs) seen += canal_at_disc(profile, disc) ? disc.score : 0;
  return seen * std::max(0.0, chain.anchor_score);
}

/// Middle of the neighbouring slices, `reach` to either side, that show most of a spine together.
size_t middle_of_most(const std::vector<double>& seen, size_t reach) {
  size_t best = 0;
  double most = -1;
  for (size_t middle = 0; middle < seen.size(); ++middle) {
    const size_t first = middle - std::min(middle, reach);
    const size_t end = std::min(middle + reach + 1, seen.size());
    const auto from = seen.begin();
    const double sum =
        std::accumulate(from + static_cast<std::ptrdiff_t>(first), from + static_cast<std::ptrdiff_t>(end), 0.0);
    if (sum > most) most = sum, best = middle;
  }
  return best;
}

/// Slices within kSpineHalfWidthMm of the middle that show the spine; all where none does.
std::vector<size_t> spine_slices(const std::vector<LocatorMaps>& maps, double pixel_mm, double step_mm) {
  std::vector<double> seen(maps.size());
  parallel_for(maps.size(), [&](size_t k) { seen[k] = spine_seen(maps[k], pixel_mm); });
  const size_t reach = step_mm > 0 ? static_cast<size_t>(kSpineHalfWidthMm / step_mm) : maps.size();
  const size_t middle = middle_of_most(seen, reach);
  const size_t first = middle - std::min(middle, reach);
  const size_t last = std::min(middle + reach, maps.size() - 1);
  const double most = *std::max_element(seen.begin() + static_cast<std::ptrdiff_t>(first),
                                        seen.begin() + static_cast<std::ptrdiff_t>(last) + 1);
  std::vector<size_t> chosen;
  for (size_t k = most > 0 ? first : 0; k < (most > 0 ? last + 1 : maps.size()); ++k) {
    if (seen[k] >= kSpineShare * most) chosen.push_back(k);
  }
  return chosen;
}

/// Of `candidates`, the slices that show much canal: the middle of the spine.
std::vector<size_t> naming_slices(const std::vector<LocatorMaps>& maps, const std::vector<size_t>& candidates) {
  const auto canal = [&](size_t k) { return cv::sum(maps[k].canal)[0]; };
  double most = 0;
  for (const size_t k : candidates) most = std::max(most, canal(k));
  std::vector<size_t> chosen;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(chosen),
               [&](size_t k) { return canal(k) >= kCentralShare * most; });
  return chosen;
}

/// The stack's patient coordinates at a point of the canonical view and a fractional slice.
class StackFrame {
 public:
  explicit StackFrame(const std::vector<SliceImage>& slices) : slices_(slices) {}

  Vector3 patient(cv::Point2d point_mm, double slice) const {
    const double last = static_cast<double>(slices_.size() - 1);
    const double clamped = std::clamp(slice, 0.0, last);
    const auto below = static_cast<size_t>(std::floor(clamped));
    const size_t above = std::min(below + 1, slices_.size() - 1);
    const double t = clamped - static_cast<double>(below);
    return (1 - t) * on_slice(point_mm, below) + t * on_slice(point_mm, above);
  }

  Vector3 direction(cv::Point2d direction) const {
    return (slices_.front().patient_from_pixel.linear() * Vector3(direction.x, direction.y, 0)).normalized();
  }

  /// Distance of neighbouring slices; 0 for a single slice.
  double step_mm() const {
    if (slices_.size() < 2) return 0;
    return (on_slice({0, 0}, slices_.size() - 1) - on_slice({0, 0}, 0)).norm() /
           static_cast<double>(slices_.size() - 1);
  }

 private:
  Vector3 on_slice(cv::Point2d point_mm, size_t slice) const {
    const SliceImage& image = slices_[slice];
    return image.patient_from_pixel * Vector3(point_mm.x / image.pixel_mm, point_mm.y / image.pixel_mm, 0);
  }

  const std::vector<SliceImage>& slices_;
};

/// Everything that naming needs, in the canonical view.
struct StackReading {
  std::vector<size_t> spine_slices;  ///< those that show the spine
  DiscChain chain;
  LocatorMaps mean;      ///< over the central slices
  CanalProfile profile;  ///< of the mean map: the canal's course
};

/// The canal of some slices, by slice.
using SliceProfiles = std::map<int, CanalProfile>;

/// Canal seen in a slice near a point of the line: how much this slice is in the middle.
double canal_mass(const cv::Mat1f& canal, cv::Point2d middle_mm, double pixel_mm) {
  const cv::Rect around(static_cast<int>((middle_mm.x - 12) / pixel_mm), static_cast<int>((middle_mm.y - 8) / pixel_mm),
                        static_cast<int>(24 / pixel_mm), static_cast<int>(16 / pixel_mm));
  const cv::Rect inside = around & cv::Rect(0, 0, canal.cols, canal.rows);
  return inside.empty() ? 0 : cv::sum(canal(inside))[0];
}

/// Where the mass ends to fall, walking from `from` in steps of `step`.
size_t edge_of_peak(const std::vector<double>& mass, size_t from, int step) {
  double least = mass[from];
  size_t at = from;
  while (at + static_cast<size_t>(step) < mass.size()) {  // below zero wraps around and ends it too
    const size_t next = at + static_cast<size_t>(step);
    if (mass[next] <= 0 || mass[next] > kHillNoise * least) break;
    least = std::min(least, mass[next]);
    at = next;
  }
  return at;
}

/// Fractional slice of the canal's middle at one disc: the mean over the hill of canal mass at or near the slices
/// `first`..`last`. Beyond a valley lies something else, such as fat beside the spine.
double middle_slice(const std::vector<double>& mass, size_t first, size_t last) {
  const auto from = mass.begin();
  size_t top = static_cast<size_t>(
      std::max_element(from + static_cast<std::ptrdiff_t>(first), from + static_cast<std::ptrdiff_t>(last) + 1) - from);
  if (mass[top] <= 0) return static_cast<double>(first + last) / 2;
  while (top > 0 && mass[top - 1] > mass[top]) --top;
  while (top + 1 < mass.size() && mass[top + 1] > mass[top]) ++top;
  const size_t left_foot = edge_of_peak(mass, top, -1);
  const size_t right_foot = edge_of_peak(mass, top, 1);
  double weight = 0;
  double sum = 0;
  for (size_t k = left_foot; k <= right_foot; ++k) {
    weight += mass[k];
    sum += mass[k] * static_cast<double>(k);
  }
  return sum / weight;
}

/// Pixels of canal in each slice that shows the spine, over the whole image; 0 in the others.
std::vector<double> canal_areas(const std::vector<LocatorMaps>& maps, const std::vector<size_t>& slices) {
  std::vector<double> areas(maps.size(), 0.0);
  for (const size_t k : slices) areas[k] = cv::countNonZero(maps[k].canal > kCanalLevel);
  return areas;
}

/// Diameter and reference of one disc in one slice.
std::optional<CanalMeasure> measure_in_slice(const CanalProfile& profile, const std::vector<DiscCandidate>& discs,
                                             size_t disc) {
  const auto here = canal_at_disc(profile, discs[disc]);
  if (!here) return std::nullopt;
  CanalMeasure measure{here->diameter_mm, std::nullopt};
  std::vector<double> references;
  if (disc > 0) {
    if (const auto above = canal_at_disc(profile, discs[disc - 1])) {
      if (const auto between = diameter_between(profile, *above, *here)) references.push_back(*between);
    }
  }
  if (disc + 1 < discs.size()) {
    if (const auto below = canal_at_disc(profile, discs[disc + 1])) {
      if (const auto between = diameter_between(profile, *here, *below)) references.push_back(*between);
    }
  }
  if (!references.empty()) {
    measure.reference_mm =
        std::accumulate(references.begin(), references.end(), 0.0) / static_cast<double>(references.size());
  }
  return measure;
}

/// Medians over `slices`; the slice is the first one of them that shows the canal.
std::optional<CanalMeasure> measure_at(const SliceProfiles& profiles, const std::vector<DiscCandidate>& discs,
                                       size_t disc, const std::vector<int>& slices) {
  std::vector<double> diameters;
  std::vector<double> references;
  int first = -1;
  for (const int k : slices) {
    const auto measure = measure_in_slice(profiles.at(k), discs, disc);
    if (!measure) continue;
    if (first < 0) first = k;
    diameters.push_back(measure->diameter_mm);
    if (measure->reference_mm) references.push_back(*measure->reference_mm);
  }
  if (diameters.empty()) return std::nullopt;
  CanalMeasure measure;
  measure.diameter_mm = median_of(diameters);
  measure.slice = first;
  if (!references.empty()) measure.reference_mm = median_of(references);
  return measure;
}

StackReading read_stack(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps) {
  const double pixel_mm = slices.front().pixel_mm;
  StackReading reading;
  reading.spine_slices = spine_slices(maps, pixel_mm, StackFrame(slices).step_mm());
  reading.mean = mean_maps(maps, naming_slices(maps, reading.spine_slices));
  reading.chain = find_disc_chain(reading.mean, pixel_mm);
  reading.profile = measure_canal(reading.mean.canal, pixel_mm, reading.chain);
  return reading;
}

void require_lumbar_spine(const StackReading& reading) {
  double score = 0;
  for (const DiscCandidate& disc : reading.chain.discs) score += disc.score;
  const auto count = static_cast<double>(reading.chain.discs.size());
  const double canal_mm = static_cast<double>(reading.profile.line_mm.size()) * reading.profile.step_mm;
  // A head shows disc-like spots and a bright band too, but the band does not run behind the spots.
  const auto with_canal =
      std::count_if(reading.chain.discs.begin(), reading.chain.discs.end(),
                    [&](const DiscCandidate& disc) { return canal_at_disc(reading.profile, disc).has_value(); });
  const double least = reading.chain.anchor_score < kSureAnchor ? kMinimumMeanScoreWithoutSacrum : kMinimumMeanScore;
  if (reading.chain.discs.size() < kMinimumDiscs || score / count < least || canal_mm < kMinimumCanalMm ||
      with_canal < kMinimumDiscsWithCanal) {
    throw Error(ErrorKind::NoUsableStudy,
                text("no lumbar discs found (", reading.chain.discs.size(), " disc-like spots, ", std::lround(canal_mm),
                     " mm of canal); is this a sagittal series of the lumbar spine?"));
  }
}

/// Probability that the names are right, as the anchor tells.
double name_confidence(const DiscChain& chain) {
  return 1 / (1 + std::exp(-(chain.anchor_score - kSureAnchor) / 0.1));
}

/// Index in the chain of each level; -1 when out of view.
std::array<int, kLevelCount> discs_of_levels(const DiscChain& chain, const LocatorOptions& options) {
  int l5s1 = chain.l5s1;
  const int lowest = static_cast<int>(chain.discs.size()) - 1;
  if (options.lowest_disc) {
    switch (*options.lowest_disc) {
      case LowestDisc::L4L5:
        l5s1 = lowest + 1;
        break;
      case LowestDisc::L5S1:
        l5s1 = lowest;
        break;
      // A sixth lumbar vertebra: the row "L5/S1" is the disc below L5, which is L5/L6.
      case LowestDisc::L6S1:
        l5s1 = lowest - 1;
        break;
    }
  }
  std::array<int, kLevelCount> discs{};
  for (int level = 0; level < kLevelCount; ++level) {
    const int disc = l5s1 - (kLevelCount - 1 - level);
    discs[static_cast<size_t>(level)] = disc >= 0 && disc <= lowest ? disc : -1;
  }
  return discs;
}

class SpineBuilder {
 public:
  SpineBuilder(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps, StackReading reading)
      : frame_(slices),
        maps_(maps),
        reading_(std::move(reading)),
        central_(slice_with_most_canal(canal_areas(maps, reading_.spine_slices))),
        measured_(central_slices(central_, frame_.step_mm(), static_cast<int>(maps.size()))),
        pixel_mm_(slices.front().pixel_mm) {
    for (const int k : measured_) {
      profiles_[k] = measure_canal(maps[static_cast<size_t>(k)].canal, pixel_mm_, reading_.chain);
    }
  }

  Spine build(const LocatorOptions& options) const {
    Spine spine;
    const auto discs = discs_of_levels(reading_.chain, options);
    const double certainty = options.lowest_disc ? 1.0 : name_confidence(reading_.chain);
    for (const Level level : kLevels) {
      const int disc = discs[static_cast<size_t>(index_of(level))];
      if (disc >= 0)
        spine.levels[static_cast<size_t>(index_of(level))] = level_frame(level, static_cast<size_t>(disc), certainty);
    }
    for (int vertebra = 0; vertebra < kLevelCount; ++vertebra) {
      spine.vertebra_centres_patient[static_cast<size_t>(vertebra)] =
          vertebra_centre(discs[static_cast<size_t>(vertebra)]);
    }
    for (const cv::Point2d& point : reading_.profile.line_mm) {
      spine.canal_line_patient.push_back(frame_.patient(point, middle_at(point)));
    }
    spine.central_slice = central_;
    spine.flags = flags_of(spine, options);
    return spine;
  }

 private:
  double middle_at(cv::Point2d middle_mm) const {
    std::vector<double> mass;
    for (const LocatorMaps& slice : maps_) mass.push_back(canal_mass(slice.canal, middle_mm, pixel_mm_));
    const auto& seen = reading_.spine_slices;
    const bool is_there = std::any_of(seen.begin(), seen.end(), [&](size_t k) { return mass[k] > 0; });
    const double step_mm = frame_.step_mm();
    const size_t beside = is_there || step_mm <= 0 ? 0 : static_cast<size_t>(kBesideSpineMm / step_mm);
    return middle_slice(mass, seen.front() - std::min(seen.front(), beside),
                        std::min(seen.back() + beside, mass.size() - 1));
  }

  LevelFrame level_frame(Level level, size_t disc_index, double certainty) const {
    const DiscCandidate& disc = reading_.chain.discs[disc_index];
    const auto canal = canal_at_disc(reading_.profile, disc);
    const cv::Point2d around = canal ? canal->middle_mm : disc.centre_mm + disc.posterior * 25;
    const double middle = middle_at(around);

    LevelFrame frame;
    frame.level = level;
    frame.centre_patient = frame_.patient(disc.centre_mm, middle);
    frame.posterior = frame_.direction(disc.posterior);
    frame.up = frame_.direction({disc.posterior.y, -disc.posterior.x});
    frame.left = frame.posterior.cross(frame.up).normalized();
    frame.depth_mm = disc.depth_mm;
    frame.height_mm = disc.height_mm;
    const double seen = disc.inserted ? 0.3 : std::min(1.0, disc.score / 0.6);
    frame.confidence = seen * certainty;
    frame.slice = static_cast<int>(std::lround(middle));
    if (canal) frame.canal_patient = frame_.patient(canal->middle_mm, middle);
    frame.canal = measured_canal(disc_index);
    return frame;
  }

  std::optional<CanalMeasure> measured_canal(size_t disc_index) const {
    auto measure = measure_at(profiles_, reading_.chain.discs, disc_index, measured_);
    if (!measure) return std::nullopt;
    const auto canal = canal_at_disc(profiles_.at(measure->slice), reading_.chain.discs[disc_index]);
    measure->point_patient = frame_.patient(canal->middle_mm, measure->slice);
    return measure;
  }

  /// The body above a disc: centroid of the vertebra map between that disc and the one above it.
  std::optional<Vector3> vertebra_centre(int disc_below) const {
    if (disc_below < 0) return std::nullopt;
    const auto below = static_cast<size_t>(disc_below);
    const auto& discs = reading_.chain.discs;
    const cv::Point2d up = -downward_at(reading_.chain, below);
    const cv::Point2d expected =
        below > 0 ? (discs[below].centre_mm + discs[below - 1].centre_mm) * 0.5 : discs[below].centre_mm + up * 17;
    const double radius_mm = below > 0 ? 0.4 * cv::norm(discs[below].centre_mm - discs[below - 1].centre_mm) : 12;
    cv::Point2d sum;
    double weight = 0;
    const cv::Mat1f& map = reading_.mean.vertebra;
    for (int row = 0; row < map.rows; ++row) {
      for (int column = 0; column < map.cols; ++column) {
        const cv::Point2d point(column * pixel_mm_, row * pixel_mm_);
        if (map(row, column) < 0.3F || cv::norm(point - expected) > radius_mm) continue;
        sum += point * double{map(row, column)};
        weight += map(row, column);
      }
    }
    const cv::Point2d centre = weight > 0 ? sum * (1 / weight) : expected;
    return frame_.patient(centre, middle_at(centre + cv::Point2d(25, 0)));
  }

  std::vector<std::string> flags_of(const Spine& spine, const LocatorOptions& options) const {
    std::vector<std::string> words;
    const DiscChain& chain = reading_.chain;
    if (options.lowest_disc) {
      words.emplace_back(flags::kLowestDiscGiven.word);
      if (*options.lowest_disc == LowestDisc::L6S1) words.emplace_back(flags::kSixLumbarVertebrae.word);
    } else {
      if (chain.anchor_score < kSureAnchor) words.emplace_back(flags::kLevelNamesUncertain.word);
      if (chain.rival_score > kRivalShare * chain.anchor_score)
        words.emplace_back(flags::kTransitionalVertebraPossible.word);
      if (chain.l5s1 + 1 < static_cast<int>(chain.discs.size())) words.emplace_back(flags::kDiscBelowL5S1.word);
    }
    if (spine.level_count() < kLevelCount) words.emplace_back(flags::kFewerThanFiveDiscs.word);
    if (leaves_measured_slices(spine)) words.emplace_back(flags::kCanalOutOfPlane.word);
    if (has_unusual_spacing()) words.emplace_back(flags::kLevelSpacingUnusual.word);
    return words;
  }

  /// Whether a level's canal runs so far beside the measured slices (scoliosis) that they read it too narrow.
  bool leaves_measured_slices(const Spine& spine) const {
    return std::any_of(spine.levels.begin(), spine.levels.end(), [&](const auto& level) {
      if (!level) return false;
      const double apart = std::abs(static_cast<double>(level->slice) - central_);
      return apart * frame_.step_mm() > kFarFromMiddleMm;
    });
  }

  bool has_unusual_spacing() const {
    std::vector<double> lengths;
    for (size_t k = 1; k < reading_.chain.discs.size(); ++k) {
      lengths.push_back(cv::norm(reading_.chain.discs[k].centre_mm - reading_.chain.discs[k - 1].centre_mm));
    }
    const double median = median_of(lengths);
    return std::any_of(lengths.begin(), lengths.end(), [&](double length) {
      return length > kUnusualSpacing * median || length < median / kUnusualSpacing;
    });
  }

  StackFrame frame_;
  const std::vector<LocatorMaps>& maps_;
  StackReading reading_;
  double central_;
  std::vector<int> measured_;
  double pixel_mm_;
  SliceProfiles profiles_;  ///< of the measured slices
};

}  // namespace

std::optional<LowestDisc> parse_lowest_disc(std::string_view text) {
  if (text == "L4/L5") return LowestDisc::L4L5;
  if (text == "L5/S1") return LowestDisc::L5S1;
  if (text == "L6/S1") return LowestDisc::L6S1;
  return std::nullopt;
}

std::vector<int> slices_to_locate(int slices, int maximum) {
  const int count = std::min(slices, std::max(1, maximum));
  std::vector<int> chosen;
  for (int k = 0; k < count; ++k) {
    chosen.push_back(count == 1 ? slices / 2 : static_cast<int>(std::lround(double(k) * (slices - 1) / (count - 1))));
  }
  return chosen;
}

Spine spine_from_maps(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps,
                      const LocatorOptions& options) {
  StackReading reading = read_stack(slices, maps);
  require_lumbar_spine(reading);
  return SpineBuilder(slices, maps, std::move(reading)).build(options);
}

namespace {

/// From numbers among the chosen slices to numbers in the volume.
void number_slices(const std::vector<int>& chosen, Spine& spine) {
  for (auto& level : spine.levels) {
    if (!level) continue;
    level->slice = chosen[static_cast<size_t>(level->slice)];
    if (level->canal) level->canal->slice = chosen[static_cast<size_t>(level->canal->slice)];
  }
  const auto below = static_cast<size_t>(spine.central_slice);
  const size_t above = std::min(below + 1, chosen.size() - 1);
  const double between = spine.central_slice - static_cast<double>(below);
  spine.central_slice = chosen[below] + between * (chosen[above] - chosen[below]);
}

}  // namespace

Spine locate_spine(const Volume& sagittal, const LocatorNetwork& network, const LocatorOptions& options) {
  const std::vector<int> chosen = slices_to_locate(sagittal.slices, options.maximum_slices);
  std::vector<SliceImage> slices(chosen.size());
  parallel_for(chosen.size(), [&](size_t k) { slices[k] = canonical_slice(sagittal, chosen[k]); });
  Spine spine = spine_from_maps(slices, network.predict(slices), options);
  number_slices(chosen, spine);
  spine.series_instance_uid = sagittal.series_instance_uid;
  return spine;
}

}  // namespace lumbargrade
