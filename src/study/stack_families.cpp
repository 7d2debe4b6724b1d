#include "study/stack_families.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kSameDirection = 0.99996;  // cosine of half a degree
constexpr double kSameSpacing = 1e-3;       // relative
constexpr double kSameEcho = 0.01;          // relative
constexpr double kPartsApart_mm = 0.2;      // slices of two parts of one scan

bool same_spacing(double a, double b) {
  return std::abs(a - b) <= kSameSpacing * std::max(a, b);
}

bool same_plane_family(const ImagePlane& a, const ImagePlane& b) {
  return a.row_direction.dot(b.row_direction) > kSameDirection &&
         a.column_direction.dot(b.column_direction) > kSameDirection &&
         same_spacing(a.row_spacing_mm, b.row_spacing_mm) && same_spacing(a.column_spacing_mm, b.column_spacing_mm);
}

bool belongs_to(const Stack& stack, const StackSlice& slice) {
  const dicom::PixelFormat& format = stack.slices.front().instance->format;
  return format.rows == slice.instance->format.rows && format.columns == slice.instance->format.columns &&
         same_contrast(stack.contrast(), slice.image().contrast) && same_plane_family(stack.plane(), slice.plane());
}

/// False when the series falls apart into more stacks than any scan has.
bool add_slice(std::vector<Stack>& stacks, const StackSlice& slice) {
  const auto stack = std::find_if(stacks.begin(), stacks.end(), [&](const Stack& s) { return belongs_to(s, slice); });
  if (stack != stacks.end()) {
    stack->slices.push_back(slice);
    return true;
  }
  if (stacks.size() == kMostStacks) return false;
  stacks.push_back({{slice}, 0, {}});
  return true;
}

/// "ORIGINAL\\PRIMARY\\M": what comes behind are processing steps.
std::string image_kind(const std::string& image_type) {
  size_t end = 0;
  for (int values = 0; values < 3 && end != std::string::npos; ++values) end = image_type.find('\\', end + 1);
  return image_type.substr(0, end);
}

/// Whether two families were made alike but for labels that may change within a scan.
bool are_made_alike(const Stack& a, const Stack& b) {
  const dicom::PixelFormat& first = a.slices.front().instance->format;
  const dicom::PixelFormat& second = b.slices.front().instance->format;
  dicom::Contrast relabelled = b.contrast();
  relabelled.image_type = a.contrast().image_type;
  relabelled.temporal_position = a.contrast().temporal_position;
  if (!relabelled.echo_time_ms || !a.contrast().echo_time_ms) relabelled.echo_time_ms = a.contrast().echo_time_ms;
  relabelled.echo_number = a.contrast().echo_number;  // the times, where told, say whether it is another echo
  return first.rows == second.rows && first.columns == second.columns && same_contrast(a.contrast(), relabelled) &&
         same_plane_family(a.plane(), b.plane()) &&
         image_kind(a.contrast().image_type) == image_kind(b.contrast().image_type);
}

std::vector<double> sorted_heights_mm(const Stack& stack, const Vector3& normal) {
  std::vector<double> heights_mm;
  for (const StackSlice& slice : stack.slices) heights_mm.push_back(normal.dot(slice.plane().position_patient));
  std::sort(heights_mm.begin(), heights_mm.end());
  return heights_mm;
}

bool shares_position(const std::vector<double>& sorted_mm, const std::vector<double>& others_mm) {
  return std::any_of(others_mm.begin(), others_mm.end(), [&](double height_mm) {
    const auto next = std::lower_bound(sorted_mm.begin(), sorted_mm.end(), height_mm - kPartsApart_mm);
    return next != sorted_mm.end() && *next < height_mm + kPartsApart_mm;
  });
}

/// Families that are parts of one scan, for they were made alike and have no position in common, become one.
void join_parts(std::vector<Stack>& families) {
  for (size_t i = 0; i < families.size(); ++i) {
    const Vector3 normal = families[i].plane().normal();
    std::vector<double> here_mm = sorted_heights_mm(families[i], normal);
    std::vector<Stack> others;
    for (size_t k = i + 1; k < families.size(); ++k) {
      const std::vector<double> there_mm =
          are_made_alike(families[i], families[k]) ? sorted_heights_mm(families[k], normal) : std::vector<double>();
      if (there_mm.empty() || shares_position(here_mm, there_mm)) {
        others.push_back(std::move(families[k]));
        continue;
      }
      auto& slices = families[i].slices;
      slices.insert(slices.end(), families[k].slices.begin(), families[k].slices.end());
      std::vector<double> together_mm(here_mm.size() + there_mm.size());
      std::merge(here_mm.begin(), here_mm.end(), there_mm.begin(), there_mm.end(), together_mm.begin());
      here_mm = std::move(together_mm);
    }
    families.resize(i + 1);
    families.insert(families.end(), std::make_move_iterator(others.begin()), std::make_move_iterator(others.end()));
  }
}

}  // namespace

bool same_contrast(const dicom::Contrast& a, const dicom::Contrast& b) {
  const bool both_echoes = a.echo_time_ms && b.echo_time_ms;
  const bool same_echo = both_echoes ? std::abs(*a.echo_time_ms - *b.echo_time_ms) <=
                                           kSameEcho * std::max(*a.echo_time_ms, *b.echo_time_ms)
                                     : a.echo_time_ms == b.echo_time_ms;
  return same_echo && a.b_value == b.b_value && a.image_type == b.image_type &&
         a.temporal_position == b.temporal_position && a.echo_number == b.echo_number;
}

Stacks make_families(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  Stacks result;
  std::map<std::string, std::pair<int, std::string>> left_out;  // by reason, so that a hundred give one line
  const auto leave_out = [&](const std::string& reason, const dicom::Instance& instance) {
    auto& [count, file] = left_out[reason];
    if (count++ == 0) file = instance.file.string();
  };
  for (const auto& instance : series) {
    for (const dicom::Frame& frame : instance->frames) {
      if (!instance->pixel_problem.empty()) {
        leave_out(instance->pixel_problem, *instance);
      } else if (!frame.plane) {
        leave_out(frame.plane_problem, *instance);
      } else if (!add_slice(result.stacks, {instance, frame.index})) {
        leave_out(text("more than ", kMostStacks, " orientations or contrasts"), *instance);
      }
    }
  }
  for (const auto& [reason, example] : left_out) {
    result.warnings.push_back(
        text(example.first, example.first == 1 ? " image" : " images", " left out: ", reason, " in ", example.second));
  }
  join_parts(result.stacks);
  return result;
}

}  // namespace lumbargrade
