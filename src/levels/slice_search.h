#pragma once

#include <functional>
#include <vector>

#include "levels/stack_reading.h"
#include "volume/slice_positions.h"

namespace lumbargrade {

/// Draws the maps of some slices of a stack, given by their numbers.
using MapsOfSlices = std::function<std::vector<LocatorMaps>(const std::vector<size_t>& slices)>;

/// Looks at the slices of a stack that can show the spine, from the stack's middle outwards: a network pass over a slice
/// costs more than all that is read from it, and half of a clinical stack shows what lies beside the spine.
///
/// A spine fades sideways. So once a slice shows less than half of the spine that the best one does, those beyond it
/// cannot speak for the spine, and what is found is what looking at every slice finds. Where the best slice shows little
/// (a cut spine, a brain), and where nothing is seen, every slice is looked at.
class SliceSearch {
 public:
  SliceSearch(SlicePositions positions, double pixel_mm, MapsOfSlices maps_of);

  /// Of all slices; those not looked at have empty maps.
  const StackMaps& stack() const { return stack_; }

  /// Looks beside what was looked at where a disc's canal has most mass in the outermost slice: a scoliotic canal goes
  /// on there. Returns whether there was anything to look at.
  bool follow_canal(const StackReading& reading);

 private:
  void look(size_t first, size_t end);
  bool goes_on(size_t outermost) const;
  size_t before(size_t slice) const;
  size_t behind(size_t slice) const;
  size_t best() const;

  SlicePositions positions_;
  double pixel_mm_;
  MapsOfSlices maps_of_;
  StackMaps stack_;
  size_t first_ = 0;  ///< of the range that was looked at
  size_t end_ = 0;
};

}  // namespace lumbargrade
