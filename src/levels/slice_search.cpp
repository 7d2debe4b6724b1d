#include "levels/slice_search.h"

#include <algorithm>
#include <utility>

#include "levels/canal_middle.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

constexpr double kFirstLookMm = 5;   // beside the stack's middle
constexpr double kNextLookMm = 4.5;  // further with each step, one slice at least
// A slice that shows so much of a spine (the scores of its discs with a canal, 0 to 1 each, times how well the sacrum is
// seen) leaves no doubt that it is one.
constexpr double kSureSpine = 2;

}  // namespace

SliceSearch::SliceSearch(SlicePositions positions, double pixel_mm, MapsOfSlices maps_of)
    : positions_(std::move(positions)), pixel_mm_(pixel_mm), maps_of_(std::move(maps_of)) {
  const auto count = static_cast<size_t>(positions_.count());
  stack_ = {std::vector<LocatorMaps>(count), std::vector<double>(count, 0.0)};
  const double middle_mm = (positions_.height_of(0) + positions_.height_of(static_cast<double>(count - 1))) / 2;
  first_ = static_cast<size_t>(positions_.nearest(middle_mm - kFirstLookMm));
  end_ = first_;
  look(first_, static_cast<size_t>(positions_.nearest(middle_mm + kFirstLookMm)) + 1);
  for (;;) {
    const size_t first = goes_on(first_) ? before(first_) : first_;
    const size_t end = goes_on(end_ - 1) ? behind(end_ - 1) + 1 : end_;
    if (first == first_ && end == end_) break;
    look(first, end);
  }
  if (stack_.seen[best()] < kSureSpine) look(0, count);
}

/// Widens the range; what lies in it already is not looked at again.
void SliceSearch::look(size_t first, size_t end) {
  std::vector<size_t> slices;
  for (size_t k = first; k < end; ++k) {
    if (!stack_.has(k)) slices.push_back(k);
  }
  std::vector<LocatorMaps> maps = maps_of_(slices);
  parallel_for(slices.size(), [&](size_t k) { stack_.seen[slices[k]] = spine_seen(maps[k], pixel_mm_); });
  for (size_t k = 0; k < slices.size(); ++k) stack_.maps[slices[k]] = std::move(maps[k]);
  first_ = std::min(first_, first);
  end_ = std::max(end_, end);
}

size_t SliceSearch::best() const {
  return static_cast<size_t>(std::ranges::max_element(stack_.seen) - stack_.seen.begin());
}

/// Whether slices beyond this one, the outermost, may show the spine.
bool SliceSearch::goes_on(size_t outermost) const {
  const double most = stack_.seen[best()];
  if (most <= 0) return true;
  const double apart_mm = positions_.distance_mm(static_cast<double>(outermost), static_cast<double>(best()));
  return stack_.seen[outermost] >= kSpineShare * most && apart_mm <= 2 * kSpineHalfWidthMm;
}

/// The slice kNextLookMm before this one, at least the next one; this one where it is the first.
size_t SliceSearch::before(size_t slice) const {
  if (slice == 0) return 0;
  const int wanted = positions_.nearest(positions_.height_of(static_cast<double>(slice)) - kNextLookMm);
  return std::min(slice - 1, static_cast<size_t>(wanted));
}

size_t SliceSearch::behind(size_t slice) const {
  const auto last = static_cast<size_t>(positions_.count() - 1);
  if (slice == last) return last;
  const int wanted = positions_.nearest(positions_.height_of(static_cast<double>(slice)) + kNextLookMm);
  return std::max(slice + 1, static_cast<size_t>(wanted));
}

bool SliceSearch::follow_canal(const StackReading& reading) {
  bool rises_before = false, rises_behind = false;
  for (const DiscCandidate& disc : reading.chain.discs) {
    std::vector<double> mass;
    for (size_t k = first_; k < end_; ++k) {
      mass.push_back(canal_mass(stack_.maps[k].canal, canal_behind(reading.profile, disc), pixel_mm_));
    }
    const auto most = std::ranges::max_element(mass);
    if (*most <= 0) continue;
    rises_before = rises_before || most == mass.begin();
    rises_behind = rises_behind || most + 1 == mass.end();
  }
  const size_t first = rises_before ? before(first_) : first_;
  const size_t end = rises_behind ? behind(end_ - 1) + 1 : end_;
  if (first == first_ && end == end_) return false;
  look(first, end);
  return true;
}

}  // namespace lumbargrade
