#include "levels/canal_profile_measure.h"

#include <numeric>

#include "core/statistics.h"

namespace lumbargrade {
namespace {

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

}  // namespace

std::optional<CanalMeasure> profile_measure(const SliceProfiles& profiles, const std::vector<DiscCandidate>& discs,
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

}  // namespace lumbargrade
