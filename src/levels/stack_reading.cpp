#include "levels/stack_reading.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "levels/canal_middle.h"
#include "levels/stack_frame.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

// Half the width of what is looked at (docs/sources.md, "Locator: from maps to names"). The outer
// slices of a clinical stack, 20-40 mm beside the middle, show fat that looks like canal.
constexpr double kSpineHalfWidthMm = 12;
constexpr double kRounding = 1e-6;   // of positions
constexpr double kSpineShare = 0.5;  // of the spine that the best slice shows
// Of these, slices with at least this share of the most canal speak for the study's names.
constexpr double kCentralShare = 0.5;
// A chain is a lumbar spine when its discs are seen this well on average and a canal runs behind it.
constexpr double kMinimumMeanScore = 0.35;
constexpr double kMinimumMeanScoreWithoutSacrum = 0.65;  // a head has disc-like spots too, but no sacrum below them
constexpr size_t kMinimumDiscs = 3;
constexpr double kMinimumCanalMm = 50;
constexpr std::ptrdiff_t kMinimumDiscsWithCanal = 2;
constexpr std::ptrdiff_t kMinimumDiscsWithCanalWithoutSacrum = 3;
// What is called canal behind a disc is at least this wide: behind the spots of a brain it is 0.1-0.5 mm wide, while
// each of SPIDER's 30 patients has five discs and more above this (measured 2026-11-29; a severe stenosis may be below
// it).
constexpr double kMinimumCanalWidthMm = 2;

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

/// The slices within kSpineHalfWidthMm of the middle one.
SliceRange slices_around(size_t middle, const SlicePositions& slices) {
  const auto is_near = [&](size_t slice) {
    return slices.distance_mm(static_cast<double>(slice), static_cast<double>(middle)) <= kSpineHalfWidthMm + kRounding;
  };
  SliceRange range = {middle, middle};
  while (range.first > 0 && is_near(range.first - 1)) --range.first;
  while (std::cmp_less(range.last + 1, slices.count()) && is_near(range.last + 1)) ++range.last;
  return range;
}

/// The neighbouring slices that show most of a spine together.
SliceRange range_of_most(const std::vector<double>& seen, const SlicePositions& slices) {
  SliceRange best;
  double most = -1;
  for (size_t middle = 0; middle < seen.size(); ++middle) {
    const SliceRange range = slices_around(middle, slices);
    const auto in_range = range.of(seen);
    const double sum = std::accumulate(in_range.begin(), in_range.end(), 0.0);
    if (sum > most) most = sum, best = range;
  }
  return best;
}

/// Slices within kSpineHalfWidthMm of the middle that show the spine; all where none does.
std::vector<size_t> spine_slices(const std::vector<LocatorMaps>& maps, double pixel_mm, const SlicePositions& slices) {
  std::vector<double> seen(maps.size());
  parallel_for(maps.size(), [&](size_t k) { seen[k] = spine_seen(maps[k], pixel_mm); });
  SliceRange range = range_of_most(seen, slices);
  const double most = std::ranges::max(range.of(seen));
  if (most <= 0) range = {0, maps.size() - 1};
  std::vector<size_t> chosen;
  for (size_t k = range.first; k <= range.last; ++k) {
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
}  // namespace

StackReading read_stack(const std::vector<SliceImage>& slices, const std::vector<LocatorMaps>& maps,
                        const std::optional<NamingModel>& naming) {
  const double pixel_mm = slices.front().pixel_mm;
  StackReading reading;
  reading.spine_slices = spine_slices(maps, pixel_mm, StackFrame(slices).positions());
  reading.mean = mean_maps(maps, naming_slices(maps, reading.spine_slices));
  reading.chain = find_disc_chain(reading.mean, pixel_mm);
  reading.profile = measure_canal(reading.mean.canal, pixel_mm, reading.chain);
  if (naming && !reading.chain.discs.empty()) {
    reading.naming = name_discs(naming_features(reading.chain, reading.profile, reading.mean, pixel_mm), *naming);
    reading.chain.l5s1 = reading.naming->l5s1;
  }
  return reading;
}

void require_lumbar_spine(const StackReading& reading) {
  double score = 0;
  for (const DiscCandidate& disc : reading.chain.discs) score += disc.score;
  const auto count = static_cast<double>(reading.chain.discs.size());
  const double canal_mm = static_cast<double>(reading.profile.line_mm.size()) * reading.profile.step_mm;
  // A head shows disc-like spots and a bright band too, but the band does not run behind the spots.
  const auto with_canal =
      std::count_if(reading.chain.discs.begin(), reading.chain.discs.end(), [&](const DiscCandidate& disc) {
        const auto canal = canal_at_disc(reading.profile, disc);
        return canal && canal->diameter_mm >= kMinimumCanalWidthMm;
      });
  const bool with_sacrum = reading.chain.anchor_score >= kSureAnchor;
  const double least = with_sacrum ? kMinimumMeanScore : kMinimumMeanScoreWithoutSacrum;
  const auto least_with_canal = with_sacrum ? kMinimumDiscsWithCanal : kMinimumDiscsWithCanalWithoutSacrum;
  if (reading.chain.discs.size() < kMinimumDiscs || score / count < least || canal_mm < kMinimumCanalMm ||
      with_canal < least_with_canal) {
    throw Error(ErrorKind::NoUsableStudy,
                text("no lumbar discs found (", reading.chain.discs.size(), " disc-like spots, ", std::lround(canal_mm),
                     " mm of canal); is this a sagittal series of the lumbar spine?"));
  }
}

}  // namespace lumbargrade
