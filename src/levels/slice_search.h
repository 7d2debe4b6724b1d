#pragma once

#include <functional>
#include <vector>

#include "levels/stack_reading.h"
#include "volume/slice_positions.h"

namespace lumbargrade {

/// Draws the maps of some slices of a stack, given by their numbers, in a range of columns of the canonical view;
/// everything is 0 beside it.
using MapsOfSlices =
    std::function<std::vector<LocatorMaps>(const std::vector<size_t>& slices, const cv::Range& columns)>;

/// Looks at the part of a stack that can show the spine, from the middle outwards: a network pass over a slice costs
/// more than all that is read from it, and most of a clinical stack shows what lies beside the spine.
///
/// A spine fades sideways. So once a slice shows less than half of the spine that the best one does, those beyond it
/// cannot speak for the spine, and what is found is what looking at every slice finds. The first slice that surely
/// shows a spine tells the columns in which it lies, which alone are looked at in the others. Where the best slice
/// shows little (a cut spine, a brain), and where nothing is seen, all of every slice is looked at.
class SliceSearch {
 public:
  /// Slices of the size `view`, square pixels of `pixel_mm`; columns are looked at in multiples of `multiple_of`.
  SliceSearch(SlicePositions positions, cv::Size view, double pixel_mm, int multiple_of, MapsOfSlices maps_of);

  /// Of all slices; those not looked at have empty maps.
  const StackMaps& stack() const { return stack_; }

  /// Looks beside what was looked at where a disc's canal has most mass in the outermost slice: a scoliotic canal goes
  /// on there. Returns whether there was anything to look at.
  bool follow_canal(const StackReading& reading);

  /// Looks at all of every slice: where what was found so is no spine, another part may show one.
  void look_at_all();

 private:
  void look(size_t first, size_t end);
  void narrow_columns();
  bool goes_on(size_t outermost) const;
  size_t before(size_t slice) const;
  size_t behind(size_t slice) const;
  size_t best() const;

  SlicePositions positions_;
  cv::Size view_;
  double pixel_mm_;
  int multiple_of_;
  MapsOfSlices maps_of_;
  StackMaps stack_;
  cv::Range columns_;  ///< all, until a slice surely shows a spine
  bool may_narrow_ = true;
  size_t first_ = 0;  ///< of the range that was looked at
  size_t end_ = 0;
};

}  // namespace lumbargrade
