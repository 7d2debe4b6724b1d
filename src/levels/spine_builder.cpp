#include "levels/spine_builder.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/flags.h"
#include "core/statistics.h"
#include "levels/canal_fluid.h"
#include "levels/canal_middle.h"
#include "levels/canal_profile.h"
#include "levels/central_slices.h"
#include "levels/stack_frame.h"
#include "levels/stack_reading.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

constexpr float kCanalLevel = 0.5F;
// A scoliotic canal is looked for this far beside the slices that show most of the spine.
constexpr double kBesideSpineMm = 9;
// Without a naming model: two discs that both look like L5/S1 speak for a transitional vertebra or an S1/S2 disc.
constexpr double kRivalShare = 0.6;
constexpr double kUnusualSpacing = 1.55;
constexpr double kLeastAnchor = 0.1;  // of the maps, for anything like a sacrum (ours)
constexpr double kUsualCanalMm = 25;  // behind a disc's centre
// A canal whose middle lies farther than this from the central slices is told.
constexpr double kFarFromMiddleMm = 5;

/// Pixels of canal in each slice that shows the spine, over the whole image; 0 in the others.
std::vector<double> canal_areas(const std::vector<LocatorMaps>& maps, const std::vector<size_t>& slices) {
  std::vector<double> areas(maps.size(), 0.0);
  for (const size_t k : slices) areas[k] = cv::countNonZero(maps[k].canal > kCanalLevel);
  return areas;
}

/// Whether there is a sacrum at all: the naming model knows spines only, and a head has a likeliest disc too.
double sacrum_certainty(const DiscChain& chain) {
  const double best = std::max(chain.anchor_score, chain.rival_score);
  return 1 / (1 + std::exp(-(best - kLeastAnchor) / 0.03));
}

/// Probability that the names are right, as the naming model or else the anchor tells.
double name_confidence(const StackReading& reading) {
  if (reading.naming) return reading.naming->probability * sacrum_certainty(reading.chain);
  return 1 / (1 + std::exp(-(reading.chain.anchor_score - kSureAnchor) / 0.1));
}

/// What speaks against the names, the strongest rival first.
void doubt_names(const StackReading& reading, std::vector<std::string>& words) {
  const DiscChain& chain = reading.chain;
  if (!reading.naming) {
    if (chain.anchor_score < kSureAnchor) words.emplace_back(flags::kLevelNamesUncertain.word);
    if (chain.rival_score > kRivalShare * chain.anchor_score) words.emplace_back(flags::kLevelsAmbiguous.word);
    return;
  }
  const Naming& naming = *reading.naming;
  if (name_confidence(reading) >= kSureNames) return;
  const double rival = std::max({naming.above, naming.below, naming.out_of_view});
  if (naming.out_of_view >= rival || sacrum_certainty(chain) < kSureNames) {
    words.emplace_back(flags::kLevelNamesUncertain.word);
    return;
  }
  words.emplace_back(flags::kLevelsAmbiguous.word);
  words.emplace_back(naming.above >= rival ? flags::kRivalDiscAbove.word : flags::kRivalDiscBelow.word);
}

/// Index in the chain of each level; -1 when out of view.
std::array<int, kLevelCount> discs_of_levels(const DiscChain& chain, const LocatorOptions& options) {
  const int lowest = static_cast<int>(chain.discs.size()) - 1;
  const int l5s1 = options.lowest_disc ? lowest + static_cast<int>(*options.lowest_disc) : chain.l5s1;
  std::array<int, kLevelCount> discs{};
  for (const Level level : kLevels) {
    const int disc = l5s1 - (kLevelCount - 1 - static_cast<int>(level));
    discs[index_of(level)] = disc >= 0 && disc <= lowest ? disc : -1;
  }
  return discs;
}

class SpineBuilder {
 public:
  SpineBuilder(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps, StackReading reading)
      : frame_(slices),
        maps_(maps),
        reading_(std::move(reading)),
        central_(slice_with_most_canal(canal_areas(maps, reading_.spine_slices), frame_.positions())),
        pixel_mm_(slices.front().pixel_mm) {
    middles_ = middles_of_discs();
    for (const double middle : middles_) {
      measured_.push_back(slices_around(middle));
      for (const int k : measured_.back()) profiles_.try_emplace(k), signals_.try_emplace(k);
    }
    std::vector<int> needed;
    for (const auto& [k, ignored] : profiles_) needed.push_back(k);
    parallel_for(needed.size(), [&](size_t n) {
      const auto k = static_cast<size_t>(needed[n]);
      CanalProfile& profile = profiles_.at(needed[n]);
      profile = measure_canal(maps[k].canal, pixel_mm_, reading_.chain);
      signals_.at(needed[n]) = signal_across(maps[k].canal, slices[k].pixels, profile);
    });
  }

  Spine build(const LocatorOptions& options) const {
    Spine spine;
    const auto discs = discs_of_levels(reading_.chain, options);
    const double certainty = options.lowest_disc ? 1.0 : name_confidence(reading_);
    for (const Level level : kLevels) {
      const int disc = discs[index_of(level)];
      if (disc >= 0) spine.levels[index_of(level)] = level_frame(level, static_cast<size_t>(disc), certainty);
    }
    std::transform(discs.begin(), discs.end(), spine.vertebra_centres_patient.begin(),
                   [&](int disc) { return vertebra_centre(disc); });
    for (const cv::Point2d& point : reading_.profile.line_mm) {
      spine.canal_line_patient.push_back(frame_.patient(point, middle_at(point)));
    }
    spine.central_slice = central_;
    spine.flags = flags_of(spine, options);
    return spine;
  }

 private:
  bool is_beside(size_t slice, size_t other) const {
    return frame_.positions().distance_mm(static_cast<double>(slice), static_cast<double>(other)) <= kBesideSpineMm;
  }

  std::vector<double> masses_at(cv::Point2d middle_mm) const {
    std::vector<double> mass;
    for (const LocatorMaps& slice : maps_) mass.push_back(canal_mass(slice.canal, middle_mm, pixel_mm_));
    return mass;
  }

  /// The slices that show the spine; some more where none of them shows the canal.
  SliceRange slices_to_search(const std::vector<double>& mass) const {
    const auto& seen = reading_.spine_slices;
    SliceRange range{seen.front(), seen.back()};
    if (std::any_of(seen.begin(), seen.end(), [&](size_t k) { return mass[k] > 0; })) return range;
    while (range.first > 0 && is_beside(range.first - 1, seen.front())) --range.first;
    while (range.last + 1 < mass.size() && is_beside(range.last + 1, seen.back())) ++range.last;
    return range;
  }

  std::vector<double> middles_of_discs() const {
    std::vector<std::vector<double>> masses;
    std::vector<SliceRange> ranges;
    for (const DiscCandidate& disc : reading_.chain.discs) {
      masses.push_back(masses_at(behind(disc)));
      ranges.push_back(slices_to_search(masses.back()));
    }
    const std::vector<size_t> course = canal_course(masses, frame_.positions(), ranges);
    std::vector<double> middles;
    for (size_t disc = 0; disc < masses.size(); ++disc) {
      middles.push_back(middle_slice(masses[disc], frame_.positions(), course[disc]));
    }
    return middles;
  }

  double middle_at(cv::Point2d middle_mm) const {
    const std::vector<double> mass = masses_at(middle_mm);
    return middle_slice(mass, frame_.positions(), slices_to_search(mass));
  }

  /// The canal's middle behind a disc; its usual place where the canal is not seen.
  cv::Point2d behind(const DiscCandidate& disc) const {
    const auto canal = canal_at_disc(reading_.profile, disc);
    return canal ? canal->middle_mm : disc.centre_mm + disc.posterior * kUsualCanalMm;
  }

  /// The slices in which a disc's canal is measured: the study's central ones, or, where a scoliotic canal leaves them,
  /// those around its own middle.
  std::vector<int> slices_around(double middle) const {
    const SlicePositions& positions = frame_.positions();
    return central_slices(positions.distance_mm(middle, central_) > kCentralMm ? middle : central_, positions);
  }

  LevelFrame level_frame(Level level, size_t disc_index, double certainty) const {
    const DiscCandidate& disc = reading_.chain.discs[disc_index];
    const auto canal = canal_at_disc(reading_.profile, disc);
    const double middle = middles_[disc_index];

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
    add_canal_course(disc_index, frame);
    return frame;
  }

  /// Direction and distance of neighbouring canal points.
  void add_canal_course(size_t disc, LevelFrame& frame) const {
    const auto& discs = reading_.chain.discs;
    const size_t above = disc > 0 ? disc - 1 : disc, below = std::min(disc + 1, discs.size() - 1);
    if (above == below) return;
    const Vector3 along =
        frame_.patient(behind(discs[above]), middles_[above]) - frame_.patient(behind(discs[below]), middles_[below]);
    frame.canal_up = along.normalized();
    frame.spacing_mm = along.norm() / static_cast<double>(below - above);
  }

  std::optional<double> measured_fluid(size_t disc) const {
    std::vector<double> ratios;
    for (const int k : measured_[disc]) {
      if (const auto ratio = fluid_ratio(profiles_.at(k), signals_.at(k), reading_.chain.discs, disc)) {
        ratios.push_back(*ratio);
      }
    }
    return ratios.empty() ? std::nullopt : std::optional(median_of(ratios));
  }

  std::optional<CanalMeasure> measured_canal(size_t disc_index) const {
    auto measure = profile_measure(profiles_, reading_.chain.discs, disc_index, measured_[disc_index]);
    if (!measure) return std::nullopt;
    const auto canal = canal_at_disc(profiles_.at(measure->slice), reading_.chain.discs[disc_index]);
    measure->point_patient = frame_.patient(canal->middle_mm, measure->slice);
    measure->fluid_ratio = measured_fluid(disc_index);
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
    if (options.lowest_disc) {
      words.emplace_back(flags::kLowestDiscGiven.word);
      if (*options.lowest_disc == LowestDisc::L6S1) words.emplace_back(flags::kSixLumbarVertebrae.word);
    } else {
      doubt_names(reading_, words);
    }
    if (spine.level_count() < kLevelCount) words.emplace_back(flags::kFewerThanFiveDiscs.word);
    if (bends_sideways(spine)) words.emplace_back(flags::kCanalOutOfPlane.word);
    if (has_unusual_spacing()) words.emplace_back(flags::kLevelSpacingUnusual.word);
    return words;
  }

  /// Whether a level's canal runs beside the study's central slices (scoliosis).
  bool bends_sideways(const Spine& spine) const {
    return std::any_of(spine.levels.begin(), spine.levels.end(), [&](const auto& level) {
      return level && frame_.positions().distance_mm(level->slice, central_) > kFarFromMiddleMm;
    });
  }

  bool has_unusual_spacing() const {
    const std::vector<double> lengths = gaps_mm(reading_.chain.discs);
    const double median = median_of(lengths);
    return std::any_of(lengths.begin(), lengths.end(), [&](double length) {
      return length > kUnusualSpacing * median || length < median / kUnusualSpacing;
    });
  }

  StackFrame frame_;
  const std::vector<LocatorMaps>& maps_;
  StackReading reading_;
  double central_;
  double pixel_mm_;
  std::vector<double> middles_;             ///< by disc: fractional slice of the canal's middle
  std::vector<std::vector<int>> measured_;  ///< by disc: the slices in which its canal is measured
  SliceProfiles profiles_;                  ///< of those slices
  std::map<int, std::vector<double>> signals_;
};

}  // namespace

Spine spine_from_maps(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps,
                      const LocatorOptions& options) {
  StackReading reading = read_stack(slices, maps, options.naming);
  require_lumbar_spine(reading);
  return SpineBuilder(slices, maps, std::move(reading)).build(options);
}

}  // namespace lumbargrade
