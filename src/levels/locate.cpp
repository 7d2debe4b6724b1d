#include "levels/locate.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "levels/locator_network.h"
#include "levels/slice_search.h"
#include "levels/spine_builder.h"
#include "levels/stack_frame.h"
#include "levels/stack_reading.h"
#include "network/parallel_for.h"

namespace lumbargrade {

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
  const StackMaps stack = stack_maps(maps, slices.front().pixel_mm);
  StackReading reading = read_stack(slices, stack, options.naming);
  require_lumbar_spine(reading);
  return build_spine(slices, stack, std::move(reading), options);
}

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

/// The slices with their places; their pixels come when they are looked at.
std::vector<SliceImage> slices_without_pixels(const Volume& sagittal, const std::vector<int>& chosen) {
  std::vector<SliceImage> slices(chosen.size());
  for (size_t k = 0; k < chosen.size(); ++k) {
    slices[k].patient_from_pixel = canonical_geometry(sagittal, chosen[k]);
  }
  return slices;
}

Spine spine_in(const Volume& sagittal, const std::vector<int>& chosen, std::vector<SliceImage>& slices,
               const LocatorNetwork& network, const LocatorOptions& options) {
  const auto maps_of = [&](const std::vector<size_t>& wanted, const cv::Range& columns) {
    parallel_for(wanted.size(), [&](size_t k) { slices[wanted[k]] = canonical_slice(sagittal, chosen[wanted[k]]); });
    return network.predict(slices, wanted, columns);
  };
  const cv::Size view = canonical_view(sagittal.patient_from_index, sagittal.columns, sagittal.rows).size;
  SliceSearch search(StackFrame(slices).positions(), view, kLocatorPixelMm, network.stride(), maps_of);
  StackReading reading = read_stack(slices, search.stack(), options.naming);
  while (search.follow_canal(reading)) reading = read_stack(slices, search.stack(), options.naming);
  if (!shows_lumbar_spine(reading)) {
    search.look_at_all();
    reading = read_stack(slices, search.stack(), options.naming);
  }
  require_lumbar_spine(reading);
  const auto looked =
      std::count_if(slices.begin(), slices.end(), [](const auto& slice) { return !slice.pixels.empty(); });
  log_debug(text("the locator looked at ", looked, " of ", slices.size(), " slices"));
  return build_spine(slices, search.stack(), std::move(reading), options);
}

}  // namespace

Spine locate_spine(const Volume& sagittal, const LocatorNetwork& network, const LocatorOptions& options) {
  const std::vector<int> chosen = slices_to_locate(sagittal.slices, options.maximum_slices);
  std::vector<SliceImage> slices = slices_without_pixels(sagittal, chosen);
  Spine spine = spine_in(sagittal, chosen, slices, network, options);
  number_slices(chosen, StackFrame(slices).positions(), SlicePositions(sagittal), spine);
  spine.series_instance_uid = sagittal.series_instance_uid;
  return spine;
}

}  // namespace lumbargrade
