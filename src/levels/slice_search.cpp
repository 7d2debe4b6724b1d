#include "levels/slice_search.h"

#include <algorithm>
#include <utility>

#include "levels/canal_middle.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

constexpr double kNextLookMm = 4.5;  // further with each step, one slice at least
// A slice that shows so much of a spine (the scores of its discs with a canal, 0 to 1 each, times how well the sacrum
// is seen) leaves no doubt that it is one.
constexpr double kSureSpine = 2;
// What the network sees beside the discs' centres. Of 8 patients and phantoms the discs lie within .1 mm of where they
// lie with whole slices (a thoracic one .6 mm), and their scores within .01.
constexpr double kInFrontMm = 35;
constexpr double kBehindMm = 63;  // 18 mm behind the farthest canal

void clear_beside(cv::Mat1f& map, const cv::Range& columns) {
  map.colRange(0, columns.start).setTo(0);
  map.colRange(columns.end, map.cols).setTo(0);
}

void clear_beside(LocatorMaps& maps, const cv::Range& columns) {
  for (auto member : {&LocatorMaps::disc, &LocatorMaps::vertebra, &LocatorMaps::canal}) {
    clear_beside(maps.*member, columns);
  }
  const cv::Range coarse(columns.start / 2, (columns.end + 1) / 2);
  for (auto member : {&LocatorMaps::l5s1, &LocatorMaps::s1, &LocatorMaps::centre}) {
    clear_beside(maps.*member, coarse);
  }
}

}  // namespace

SliceSearch::SliceSearch(SlicePositions positions, cv::Size view, double pixel_mm, int multiple_of,
                         MapsOfSlices maps_of)
    : positions_(std::move(positions)),
      view_(view),
      pixel_mm_(pixel_mm),
      multiple_of_(multiple_of),
      maps_of_(std::move(maps_of)),
      columns_(0, view.width) {
  const auto count = static_cast<size_t>(positions_.count());
  stack_ = {std::vector<LocatorMaps>(count), std::vector<double>(count, 0.0)};
  first_ = (count - 1) / 2;
  end_ = first_;
  look(first_, std::min(first_ + 2, count));  // two threads see one each
  for (;;) {
    const size_t first = goes_on(first_) ? before(first_) : first_;
    const size_t end = goes_on(end_ - 1) ? behind(end_ - 1) + 1 : end_;
    if (first == first_ && end == end_) break;
    look(first, end);
  }
  if (stack_.seen[best()] < kSureSpine) look(0, count);
}

/// To those in which the best slice shows the spine, once it surely shows one.
void SliceSearch::narrow_columns() {
  if (!may_narrow_ || columns_.size() < view_.width || stack_.seen[best()] < kSureSpine) return;
  const DiscChain chain = find_disc_chain(stack_.maps[best()], pixel_mm_);
  const auto [front, back] = std::ranges::minmax(chain.discs, {}, [](const auto& disc) { return disc.centre_mm.x; });
  const auto first = static_cast<int>(std::max(0.0, front.centre_mm.x - kInFrontMm) / pixel_mm_);
  const auto last = static_cast<int>((back.centre_mm.x + kBehindMm) / pixel_mm_);
  columns_ = {first / multiple_of_ * multiple_of_, std::min((last / multiple_of_ + 1) * multiple_of_, view_.width)};
  for (size_t k = first_; k < end_; ++k) clear_beside(stack_.maps[k], columns_);
}

/// Widens the range; what lies in it already is not looked at again.
void SliceSearch::look(size_t first, size_t end) {
  std::vector<size_t> slices;
  for (size_t k = first; k < end; ++k) {
    if (!stack_.has(k)) slices.push_back(k);
  }
  std::vector<LocatorMaps> maps = maps_of_(slices, columns_);
  parallel_for(slices.size(), [&](size_t k) { stack_.seen[slices[k]] = spine_seen(maps[k], pixel_mm_); });
  for (size_t k = 0; k < slices.size(); ++k) stack_.maps[slices[k]] = std::move(maps[k]);
  first_ = std::min(first_, first);
  end_ = std::max(end_, end);
  narrow_columns();
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

void SliceSearch::look_at_all() {
  may_narrow_ = false;
  columns_ = {0, view_.width};
  stack_ = {std::vector<LocatorMaps>(stack_.size()), std::vector<double>(stack_.size(), 0.0)};
  look(0, stack_.size());
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
