#pragma once

#include <optional>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// What a grading network answers for at once: a level, seen from one side of the body where any of its conditions has
/// sides. A network of the canal alone knows no sides.
struct Region {
  Level level{};
  std::optional<Side> side;

  bool operator==(const Region&) const = default;
};

/// The regions of a study for a network that grades these conditions, in the order of all_findings().
std::vector<Region> regions_of(const std::vector<Condition>& conditions);

/// The finding of a condition that a region shows, as an index into all_findings(). The canal has no side: the regions
/// of both sides show it.
size_t finding_in(const Region& region, Condition condition);

}  // namespace lumbargrade
