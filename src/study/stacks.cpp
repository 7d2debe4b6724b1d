#include "study/stacks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "core/error.h"
#include "core/statistics.h"
#include "study/stack_families.h"
#include "study/stack_volume.h"
#include "volume/slice_positions.h"

namespace lumbargrade {
namespace {

constexpr double kSamePosition_mm = 0.02;
constexpr double kNextBlock = 2.5;   // times the median step: axial slices of the next disc
constexpr double kSidestep_mm = 2;   // in-plane, against the stack's usual step
constexpr double kIrregular = 0.05;  // of the median step
constexpr double kStray = 5;         // times the median step, and
constexpr double kStray_mm = 60;     // wider than slices lost in the middle of a lumbar stack leave
constexpr double kSmallestStep_mm = 0.1, kLargestStep_mm = 60;

// ---- repeated positions
// ------------------------------------------------------------------------------------------------

/// How far along the normal, in steps of kSamePosition_mm.
double height_step(const Vector3& normal, const StackSlice& slice) {
  return std::round(normal.dot(slice.plane().position_patient) / kSamePosition_mm);
}

/// By position; images at one position by folder, instance number and frame.
void sort_slices(Stack& stack) {
  const Vector3 normal = stack.plane().normal();
  std::map<const dicom::Instance*, std::string> folders;
  for (const StackSlice& slice : stack.slices) {
    std::string& folder = folders[slice.instance.get()];
    if (folder.empty()) folder = slice.instance->file.parent_path().string();
  }
  const auto rank = [&](const StackSlice& slice) {
    return std::tuple(height_step(normal, slice), std::string_view(folders.at(slice.instance.get())),
                      slice.instance->instance_number, slice.frame);
  };
  std::stable_sort(stack.slices.begin(), stack.slices.end(),
                   [&](const StackSlice& a, const StackSlice& b) { return rank(a) < rank(b); });
}

/// Position across the normal: where in their common plane the slice's corner lies.
Vector3 across_mm(const Vector3& normal, const StackSlice& slice) {
  const Vector3& position = slice.plane().position_patient;
  return position - normal * normal.dot(position);
}

/// Each slice, in their order along the normal, goes on with the stack whose last slice lies in line with it.
std::vector<Stack> stacks_in_line(const Stack& sorted) {
  const Vector3 normal = sorted.plane().normal();
  std::vector<Stack> stacks;
  for (const StackSlice& slice : sorted.slices) {
    const auto in_line = std::find_if(stacks.begin(), stacks.end(), [&](const Stack& stack) {
      return (across_mm(normal, stack.slices.back()) - across_mm(normal, slice)).norm() < kSidestep_mm;
    });
    if (in_line != stacks.end()) {
      in_line->slices.push_back(slice);
    } else if (stacks.size() < kMostStacks) {
      stacks.push_back({{slice}, 0, {}});
    } else {
      return {sorted};
    }
  }
  return stacks;
}

/// Stations of a whole spine in one series lie beside each other in the same planes. Takes sorted slices.
std::vector<Stack> split_stations(const Stack& sorted) {
  const Vector3 normal = sorted.plane().normal();
  const auto lie_beside = [&](const Stack& a, const Stack& b) {
    return height_step(normal, a.slices.front()) <= height_step(normal, b.slices.back()) &&
           height_step(normal, b.slices.front()) <= height_step(normal, a.slices.back());
  };
  std::vector<Stack> stations = stacks_in_line(sorted);
  for (size_t i = 1; i < stations.size(); ++i) {
    const auto before = stations.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(stations.begin(), before, [&](const Stack& other) { return lie_beside(other, stations[i]); })) {
      return stations;
    }
  }
  return {sorted};
}

/// By height alone: what lies beside it in the plane is a station of its own or the same place, told inexactly.
bool same_position(const StackSlice& a, const StackSlice& b) {
  const Vector3 apart = a.plane().position_patient - b.plane().position_patient;
  return std::abs(a.plane().normal().dot(apart)) < kSamePosition_mm;
}

/// The different images at each position.
using Positions = std::vector<std::vector<StackSlice>>;

Positions collect_positions(const Stack& stack, int& duplicates) {
  Positions positions;
  std::set<size_t> known;  // fingerprints at the present position
  for (const StackSlice& slice : stack.slices) {
    if (positions.empty() || !same_position(positions.back().front(), slice)) {
      positions.push_back({slice});
      known.clear();
      continue;
    }
    auto& here = positions.back();
    if (here.size() == 1 && known.empty()) {
      if (const auto first = fingerprint(here.front())) known.insert(*first);
    }
    const auto print = fingerprint(slice);
    if (print && !known.insert(*print).second) {
      ++duplicates;
    } else if (here.size() < kMostStacks) {
      here.push_back(slice);
    }
  }
  return positions;
}

/// The steps between neighbouring slices: along the normal, and across it.
struct Steps {
  std::vector<double> along_mm;
  std::vector<Vector3> across_mm;
};

Steps steps_of(const Stack& stack) {
  Steps steps;
  const Vector3 normal = stack.plane().normal();
  for (size_t i = 1; i < stack.slices.size(); ++i) {
    const Vector3 step = stack.slices[i].plane().position_patient - stack.slices[i - 1].plane().position_patient;
    steps.along_mm.push_back(normal.dot(step));
    steps.across_mm.emplace_back(step - normal * steps.along_mm.back());
  }
  return steps;
}

/// A slice that is there twice, but whose two places were rounded apart.
void drop_doubled_slices(Stack& stack) {
  constexpr double kDoubled = 0.15;  // of the usual step
  if (stack.slices.size() < 4) return;
  const std::vector<double> steps_mm = steps_of(stack).along_mm;
  const double usual_mm = median_of(steps_mm);
  std::vector<StackSlice> kept = {stack.slices.front()};
  for (size_t i = 1; i < stack.slices.size(); ++i) {
    const bool is_close = steps_mm[i - 1] < kDoubled * usual_mm;
    const auto print = is_close ? fingerprint(stack.slices[i]) : std::nullopt;
    if (!print || print != fingerprint(kept.back())) kept.push_back(stack.slices[i]);
  }
  const size_t doubled = stack.slices.size() - kept.size();
  if (doubled == 0) return;
  stack.slices = std::move(kept);
  stack.warnings.push_back(text(doubled, " duplicates (a little apart, but of the same pixels) dropped"));
}

/// The n-th image of every position that has as many.
Stack nth_images(const Positions& positions, size_t n) {
  Stack stack;
  stack.repeat = static_cast<int>(n);
  for (const auto& images : positions) {
    if (images.size() > n) stack.slices.push_back(images[n]);
  }
  return stack;
}

/// Takes sorted slices.
std::vector<Stack> resolve_repeats(const Stack& stack) {
  int duplicates = 0;
  const Positions positions = collect_positions(stack, duplicates);
  size_t most = 0;
  for (const auto& images : positions) most = std::max(most, images.size());
  std::vector<Stack> stacks;
  for (size_t n = 0; n < std::min(most, kMostStacks); ++n) stacks.push_back(nth_images(positions, n));
  if (duplicates > 0)
    stacks.front().warnings.push_back(text(duplicates, " duplicates (same position and pixels) dropped"));
  if (most > 1) {
    stacks.front().warnings.push_back(text(
        "up to ", most, " different images at one position, told apart by instance number only; the first is used"));
  }
  return stacks;
}

// ---- blocks and gaps
// ---------------------------------------------------------------------------------------------------

Vector3 median(const std::vector<Vector3>& values) {
  Vector3 result;
  for (Eigen::Index axis = 0; axis < 3; ++axis) {
    std::vector<double> parts;
    for (const Vector3& value : values) parts.push_back(value[axis]);
    result[axis] = median_of(parts);
  }
  return result;
}

/// Images far beside all others of their stack are no part of it: left out, and told.
void leave_out_strays(Stack& stack) {
  if (stack.slices.size() < 3) return;
  const Steps steps = steps_of(stack);
  const double farthest_mm = std::max(kStray_mm, kStray * median_of(steps.along_mm));
  std::vector<std::pair<size_t, size_t>> runs = {{0, 1}};  // first slice and one past the last
  double largest_mm = 0;
  for (size_t i = 1; i < stack.slices.size(); ++i) {
    if (steps.along_mm[i - 1] > farthest_mm) {
      runs.emplace_back(i, i);
      largest_mm = std::max(largest_mm, steps.along_mm[i - 1]);
    }
    runs.back().second = i + 1;
  }
  if (runs.size() == 1) return;
  const auto longest = std::max_element(
      runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a.second - a.first < b.second - b.first; });
  const size_t strays = stack.slices.size() - (longest->second - longest->first);
  const auto at = [&](size_t i) { return stack.slices.begin() + static_cast<std::ptrdiff_t>(i); };
  stack.slices = std::vector<StackSlice>(at(longest->first), at(longest->second));
  stack.warnings.push_back(text(strays, strays == 1 ? " image lies " : " images lie ", "up to ", largest_mm,
                                " mm beside the others of the series; left out"));
}

/// Slices that would overlap five times over, or sagittal ones with gaps of many slices between all of them: places in
/// centimetres or tenths of a millimetre.
bool contradicts_thickness(const Stack& stack, double usual_step_mm) {
  constexpr double kThinnestTold_mm = 0.5, kThickestTold_mm = 20;
  constexpr double kOverlap = 5, kApart = 8;
  const double thickness_mm = stack.slices.front().instance->slice_thickness_mm.value_or(0);
  if (thickness_mm < kThinnestTold_mm || thickness_mm > kThickestTold_mm) return false;
  const bool is_sagittal = orientation_of(stack.plane().normal()) == Orientation::Sagittal;
  return usual_step_mm * kOverlap < thickness_mm || (is_sagittal && usual_step_mm > kApart * thickness_mm);
}

/// Steps that no scanner takes: their positions are wrong.
bool has_implausible_steps(const Stack& stack) {
  if (stack.slices.size() < 2) return false;
  const double usual_mm = median_of(steps_of(stack).along_mm);
  return usual_mm < kSmallestStep_mm || usual_mm > kLargestStep_mm || contradicts_thickness(stack, usual_mm);
}

/// Nearly all images a hair's breadth apart: their places are told in metres or kilometres. Takes sorted slices.
bool lie_crowded(const Stack& stack) {
  constexpr double kSame_mm = 1e-6;  // of images that were meant for one place
  constexpr double kNearlyAll = 0.9;
  if (stack.slices.size() < 3) return false;
  const std::vector<double> steps_mm = steps_of(stack).along_mm;
  const auto crowded = std::count_if(steps_mm.begin(), steps_mm.end(), [](double step_mm) {
    return std::abs(step_mm) > kSame_mm && std::abs(step_mm) < kSamePosition_mm;
  });
  return static_cast<double>(crowded) >= kNearlyAll * static_cast<double>(steps_mm.size());
}

std::string implausible_steps(const Stack& stack) {
  return text(stack.slices.size(), " images left out: implausible ImagePositionPatient, ",
              median_of(steps_of(stack).along_mm), " mm from slice to slice");
}

std::vector<Stack> split_blocks(Stack stack) {
  const bool is_axial = orientation_of(stack.plane().normal()) != Orientation::Sagittal;
  if (!is_axial) leave_out_strays(stack);
  if (!is_axial || stack.slices.size() < 3) return {std::move(stack)};
  const Steps steps = steps_of(stack);
  const double usual_mm = median_of(steps.along_mm);
  const Vector3 usual_across_mm = median(steps.across_mm);
  std::vector<Stack> blocks;
  for (size_t i = 0; i < stack.slices.size(); ++i) {
    const bool jumps = i > 0 && (steps.along_mm[i - 1] > kNextBlock * usual_mm ||
                                 (steps.across_mm[i - 1] - usual_across_mm).norm() > kSidestep_mm);
    if (i == 0 || jumps) blocks.push_back({{}, stack.repeat, {}});
    blocks.back().slices.push_back(stack.slices[i]);
  }
  blocks.front().warnings = std::move(stack.warnings);
  return blocks;
}

void warn_about_gaps(Stack& stack) {
  if (stack.slices.size() < 3) return;
  const Steps steps = steps_of(stack);
  const double usual_mm = median_of(steps.along_mm);
  int gaps = 0;
  double largest_mm = 0, worst_deviation_mm = 0;
  for (const double step_mm : steps.along_mm) {
    if (step_mm > kSliceMissing * usual_mm) {
      ++gaps;
      largest_mm = std::max(largest_mm, step_mm);
    } else {
      worst_deviation_mm = std::max(worst_deviation_mm, std::abs(step_mm - usual_mm));
    }
  }
  if (gaps > 0) {
    stack.warnings.push_back(text(gaps, gaps == 1 ? " gap" : " gaps", " between slices, up to ", largest_mm,
                                  " mm where ", usual_mm, " mm is usual"));
  }
  if (worst_deviation_mm > kIrregular * usual_mm) {
    stack.warnings.push_back(text("slices unevenly spaced: ", usual_mm, " +- ", worst_deviation_mm, " mm"));
  }
}

/// Takes what images of one station make up; blocks whose steps make no sense are told instead.
void take_blocks(const Stack& station, Stacks& result) {
  for (Stack& stack : resolve_repeats(station)) {
    drop_doubled_slices(stack);
    for (Stack& block : split_blocks(std::move(stack))) {
      if (has_implausible_steps(block)) {
        result.warnings.push_back(implausible_steps(block));
      } else {
        result.stacks.push_back(std::move(block));
      }
    }
  }
}

}  // namespace

Orientation orientation_of(const Vector3& normal) {
  Eigen::Index axis = 0;
  normal.cwiseAbs().maxCoeff(&axis);
  return static_cast<Orientation>(axis);
}

std::string_view orientation_name(Orientation orientation) {
  static constexpr std::array<std::string_view, 3> kNames = {"sagittal", "coronal", "axial"};
  return kNames[static_cast<size_t>(orientation)];
}

Stacks make_stacks(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  Stacks families = make_families(series);
  Stacks result;
  result.warnings = std::move(families.warnings);
  for (Stack& family : families.stacks) {
    sort_slices(family);
    if (lie_crowded(family)) {
      result.warnings.push_back(implausible_steps(family));
      continue;
    }
    for (const Stack& station : split_stations(family)) take_blocks(station, result);
  }
  for (Stack& stack : result.stacks) warn_about_gaps(stack);
  std::stable_sort(result.stacks.begin(), result.stacks.end(), [](const Stack& a, const Stack& b) {
    return std::pair(a.repeat, b.slices.size()) < std::pair(b.repeat, a.slices.size());
  });
  return result;
}

}  // namespace lumbargrade
