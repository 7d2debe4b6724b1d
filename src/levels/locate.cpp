#include "levels/locate.h"

#include <algorithm>
#include <cmath>

#include "levels/locator_network.h"
#include "levels/spine_builder.h"
#include "levels/stack_frame.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

/// From numbers among the chosen slices to numbers in the volume.
void number_slices(const std::vector<int>& chosen, const SlicePositions& among_chosen, const SlicePositions& in_volume,
                   Spine& spine) {
  for (auto& level : spine.levels) {
    if (!level) continue;
    level->slice = chosen[static_cast<size_t>(level->slice)];
    if (level->canal) level->canal->slice = chosen[static_cast<size_t>(level->canal->slice)];
  }
  spine.central_slice =
      chosen.size() == 1 ? chosen.front() : in_volume.slice_at(among_chosen.height_of(spine.central_slice));
}

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

Spine locate_spine(const Volume& sagittal, const LocatorNetwork& network, const LocatorOptions& options) {
  const std::vector<int> chosen = slices_to_locate(sagittal.slices, options.maximum_slices);
  std::vector<SliceImage> slices(chosen.size());
  parallel_for(chosen.size(), [&](size_t k) { slices[k] = canonical_slice(sagittal, chosen[k]); });
  Spine spine = spine_from_maps(slices, network.predict(slices), options);
  number_slices(chosen, StackFrame(slices).positions(), SlicePositions(sagittal), spine);
  spine.series_instance_uid = sagittal.series_instance_uid;
  return spine;
}

}  // namespace lumbargrade
