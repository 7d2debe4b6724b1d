#include "crops/region.h"

#include <algorithm>

namespace lumbargrade {

std::vector<Region> regions_of(const std::vector<Condition>& conditions) {
  const bool has_sides = std::any_of(conditions.begin(), conditions.end(),
                                     [](Condition condition) { return condition != Condition::SpinalCanalStenosis; });
  std::vector<std::optional<Side>> sides = {std::nullopt};
  if (has_sides) sides = {Side::Left, Side::Right};
  std::vector<Region> regions;
  for (const auto& side : sides) {
    for (const Level level : kLevels) regions.push_back({level, side});
  }
  return regions;
}

size_t finding_in(const Region& region, Condition condition) {
  const auto& all = all_findings();
  const auto shows = [&](const Finding& finding) {
    return finding.condition == condition && finding.level == region.level &&
           (!finding.side || finding.side == region.side);
  };
  return static_cast<size_t>(std::find_if(all.begin(), all.end(), shows) - all.begin());
}

}  // namespace lumbargrade
