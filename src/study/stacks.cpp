#include "study/stacks.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/parallel.h"
#include "core/statistics.h"
#include "dicom/pixels.h"

namespace lumbargrade {
namespace {

constexpr double kSameDirection = 0.99996;  // cosine of half a degree
constexpr double kSameSpacing = 1e-3;       // relative
constexpr double kSameEcho = 0.01;          // relative
constexpr double kSamePosition_mm = 0.02;
constexpr double kPartsApart_mm = 0.2;  // slices of two parts of one scan
constexpr double kGap = 1.5;            // times the median step: a slice is missing
constexpr double kNextBlock = 2.5;      // times the median step: axial slices of the next disc
constexpr double kSidestep_mm = 2;      // in-plane, against the stack's usual step
constexpr double kIrregular = 0.05;     // of the median step
constexpr double kStray = 5;            // times the median step, and
constexpr double kStray_mm = 60;        // wider than slices lost in the middle of a lumbar stack leave
constexpr double kSmallestStep_mm = 0.1, kLargestStep_mm = 60;
constexpr size_t kMostStacks = 256;

// ---- families
// ----------------------------------------------------------------------------------------------------------

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

/// Counts what was left out per reason, so that a hundred equal problems give one line.
class LeftOut {
 public:
  void add(const std::string& reason, const dicom::Instance& instance) {
    auto& [count, file] = reasons_[reason];
    if (count++ == 0) file = instance.file.string();
  }

  std::vector<std::string> warnings() const {
    std::vector<std::string> lines;
    for (const auto& [reason, example] : reasons_) {
      lines.push_back(text(example.first, example.first == 1 ? " image" : " images", " left out: ", reason, " in ",
                           example.second));
    }
    return lines;
  }

 private:
  std::map<std::string, std::pair<int, std::string>> reasons_;
};

/// Whether two families can be the halves of one scan: made alike but for labels that may change within a scan, and
/// with no position in common.
bool are_parts_of_one(const Stack& a, const Stack& b) {
  const dicom::PixelFormat& format = b.slices.front().instance->format;
  dicom::Contrast relabelled = b.contrast();
  relabelled.image_type = a.contrast().image_type;
  relabelled.temporal_position = a.contrast().temporal_position;
  const auto kind =
      [](const std::string& image_type) {  // "ORIGINAL\\PRIMARY\\M": what comes behind are processing steps
        size_t end = 0;
        for (int values = 0; values < 3 && end != std::string::npos; ++values) end = image_type.find('\\', end + 1);
        return image_type.substr(0, end);
      };
  if (a.slices.front().instance->format.rows != format.rows ||
      a.slices.front().instance->format.columns != format.columns || !same_contrast(a.contrast(), relabelled) ||
      !same_plane_family(a.plane(), b.plane()) || kind(a.contrast().image_type) != kind(b.contrast().image_type)) {
    return false;
  }
  const Vector3 normal = a.plane().normal();
  std::vector<double> heights_mm;
  for (const StackSlice& slice : a.slices) heights_mm.push_back(normal.dot(slice.plane().position_patient));
  std::sort(heights_mm.begin(), heights_mm.end());
  return std::none_of(b.slices.begin(), b.slices.end(), [&](const StackSlice& slice) {
    const double height_mm = normal.dot(slice.plane().position_patient);
    const auto next = std::lower_bound(heights_mm.begin(), heights_mm.end(), height_mm - kPartsApart_mm);
    return next != heights_mm.end() && *next < height_mm + kPartsApart_mm;
  });
}

void join_parts(std::vector<Stack>& families) {
  for (size_t i = 0; i < families.size(); ++i) {
    for (size_t k = families.size() - 1; k > i; --k) {
      if (!are_parts_of_one(families[i], families[k])) continue;
      auto& slices = families[i].slices;
      slices.insert(slices.end(), families[k].slices.begin(), families[k].slices.end());
      families.erase(families.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
}

Stacks make_families(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  Stacks result;
  LeftOut left_out;
  for (const auto& instance : series) {
    for (const dicom::Frame& frame : instance->frames) {
      if (!instance->pixel_problem.empty()) {
        left_out.add(instance->pixel_problem, *instance);
      } else if (!frame.plane) {
        left_out.add(frame.plane_problem, *instance);
      } else if (!add_slice(result.stacks, {instance, frame.index})) {
        left_out.add(text("more than ", kMostStacks, " orientations or contrasts"), *instance);
      }
    }
  }
  result.warnings = left_out.warnings();
  join_parts(result.stacks);
  return result;
}

// ---- repeated positions
// ------------------------------------------------------------------------------------------------

/// How far along the normal, in steps of kSamePosition_mm.
double height_step(const Vector3& normal, const StackSlice& slice) {
  return std::round(normal.dot(slice.plane().position_patient) / kSamePosition_mm);
}

/// By position; images at one position by folder, instance number and frame.
void sort_slices(Stack& stack) {
  const Vector3 normal = stack.plane().normal();
  const auto rank = [](const StackSlice& slice) {
    return std::tuple(slice.instance->file.parent_path(), slice.instance->instance_number, slice.frame);
  };
  std::stable_sort(stack.slices.begin(), stack.slices.end(),
                   [&](const StackSlice& a, const StackSlice& b) { return rank(a) < rank(b); });
  std::stable_sort(stack.slices.begin(), stack.slices.end(), [&](const StackSlice& a, const StackSlice& b) {
    return height_step(normal, a) < height_step(normal, b);
  });
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

bool same_position(const StackSlice& a, const StackSlice& b) {
  return (a.plane().position_patient - b.plane().position_patient).norm() < kSamePosition_mm;
}

std::vector<float> decode_slice(const StackSlice& slice) {
  const dicom::PixelFormat& format = slice.instance->format;
  std::vector<float> voxels(static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns));
  const dicom::FrameTarget target = {slice.frame, voxels.data()};
  dicom::decode_frames(*slice.instance, {&target, 1});
  return voxels;
}

/// A fingerprint of a slice's voxels; nothing when they cannot be decoded. Each slice is decoded once, however many lie
/// at its position.
std::optional<size_t> fingerprint(const StackSlice& slice) {
  if (!slice.instance->pixels) return std::nullopt;
  try {
    const std::vector<float> voxels = decode_slice(slice);
    const std::string_view bytes(reinterpret_cast<const char*>(voxels.data()), voxels.size() * sizeof(float));
    return std::hash<std::string_view>()(bytes);
  } catch (const Error&) {
    return std::nullopt;
  }
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
    steps.across_mm.push_back(step - normal * steps.along_mm.back());
  }
  return steps;
}

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
      runs.push_back({i, i});
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

/// Steps that no scanner takes: their positions are wrong.
bool has_implausible_steps(const Stack& stack) {
  if (stack.slices.size() < 2) return false;
  const double usual_mm = median_of(steps_of(stack).along_mm);
  return usual_mm < kSmallestStep_mm || usual_mm > kLargestStep_mm;
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
    if (step_mm > kGap * usual_mm) {
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

// ---- volumes
// -----------------------------------------------------------------------------------------------------------

SliceSource slice_source(const StackSlice& slice) {
  return {slice.instance->file.string(), slice.instance->sop_instance_uid, slice.instance->instance_number,
          slice.plane().position_patient};
}

/// The slices of one file, decoded together.
struct Job {
  const dicom::Instance* instance = nullptr;
  std::vector<dicom::FrameTarget> targets;
  std::string failure;
};

std::vector<Job> decode_jobs(const Stack& stack, Volume& volume) {
  std::vector<Job> jobs;
  std::map<const dicom::Instance*, size_t> job_of;
  const size_t slice_size = static_cast<size_t>(volume.rows) * static_cast<size_t>(volume.columns);
  for (size_t i = 0; i < stack.slices.size(); ++i) {
    const StackSlice& slice = stack.slices[i];
    const auto [entry, is_new] = job_of.emplace(slice.instance.get(), jobs.size());
    if (is_new) jobs.push_back({slice.instance.get(), {}, {}});
    jobs[entry->second].targets.push_back({slice.image().index, volume.voxels.data() + i * slice_size});
  }
  return jobs;
}

Volume empty_volume(const Stack& stack) {
  const dicom::Instance& first = *stack.slices.front().instance;
  Volume volume;
  volume.columns = first.format.columns;
  volume.rows = first.format.rows;
  volume.slices = static_cast<int>(stack.slices.size());
  volume.patient_from_index = patient_from_index(stack);
  volume.series_instance_uid = first.series_instance_uid;
  volume.study_instance_uid = first.study_instance_uid;
  std::transform(stack.slices.begin(), stack.slices.end(), std::back_inserter(volume.sources), slice_source);
  volume.voxels.resize(static_cast<size_t>(volume.columns) * static_cast<size_t>(volume.rows) * stack.slices.size());
  return volume;
}

Stack without(const Stack& stack, const std::vector<Job>& jobs) {
  Stack rest = stack;
  std::erase_if(rest.slices, [&](const StackSlice& slice) {
    return std::any_of(jobs.begin(), jobs.end(),
                       [&](const Job& job) { return job.instance == slice.instance.get() && !job.failure.empty(); });
  });
  return rest;
}

}  // namespace

Orientation orientation_of(const Vector3& normal) {
  Eigen::Index axis = 0;
  normal.cwiseAbs().maxCoeff(&axis);
  return static_cast<Orientation>(axis);
}

std::string_view orientation_name(Orientation orientation) {
  switch (orientation) {
    case Orientation::Sagittal:
      return "sagittal";
    case Orientation::Coronal:
      return "coronal";
    case Orientation::Axial:
      return "axial";
  }
  return "none";
}

bool same_contrast(const dicom::Contrast& a, const dicom::Contrast& b) {
  const bool both_echoes = a.echo_time_ms && b.echo_time_ms;
  const bool same_echo = both_echoes ? std::abs(*a.echo_time_ms - *b.echo_time_ms) <=
                                           kSameEcho * std::max(*a.echo_time_ms, *b.echo_time_ms)
                                     : a.echo_time_ms == b.echo_time_ms;
  return same_echo && a.b_value == b.b_value && a.image_type == b.image_type &&
         a.temporal_position == b.temporal_position;
}

Stacks make_stacks(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  Stacks families = make_families(series);
  Stacks result;
  result.warnings = std::move(families.warnings);
  for (Stack& family : families.stacks) {
    sort_slices(family);
    for (const Stack& station : split_stations(family)) {
      for (Stack& stack : resolve_repeats(station)) {
        for (Stack& block : split_blocks(std::move(stack))) {
          if (!has_implausible_steps(block)) {
            result.stacks.push_back(std::move(block));
            continue;
          }
          result.warnings.push_back(text(block.slices.size(), " images left out: implausible ImagePositionPatient, ",
                                         median_of(steps_of(block).along_mm), " mm from slice to slice"));
        }
      }
    }
  }
  for (Stack& stack : result.stacks) warn_about_gaps(stack);
  std::stable_sort(result.stacks.begin(), result.stacks.end(), [](const Stack& a, const Stack& b) {
    return std::pair(a.repeat, b.slices.size()) < std::pair(b.repeat, a.slices.size());
  });
  return result;
}

/// The mean over neighbours between which no slice is missing.
static Vector3 usual_step(const Stack& stack) {
  const auto& slices = stack.slices;
  const Vector3 span = slices.back().plane().position_patient - slices.front().plane().position_patient;
  const Vector3 mean = span / static_cast<double>(slices.size() - 1);
  if (slices.size() < 3) return mean;
  const Steps steps = steps_of(stack);
  const double gap_mm = kGap * median_of(steps.along_mm);
  Vector3 sum = Vector3::Zero();
  int counted = 0;
  for (size_t i = 1; i < slices.size(); ++i) {
    if (steps.along_mm[i - 1] > gap_mm) continue;
    sum += slices[i].plane().position_patient - slices[i - 1].plane().position_patient;
    ++counted;
  }
  const bool is_even = counted == static_cast<int>(slices.size()) - 1 || counted == 0;
  return is_even ? mean : Vector3(sum / counted);
}

Affine patient_from_index(const Stack& stack) {
  const ImagePlane& plane = stack.plane();
  Affine patient_from_index = plane.patient_from_index();
  const size_t count = stack.slices.size();
  if (count > 1) {
    patient_from_index.linear().col(2) = usual_step(stack);
  } else {
    const double thickness_mm = stack.slices.front().instance->slice_thickness_mm.value_or(0);
    patient_from_index.linear().col(2) *= thickness_mm > 0 ? thickness_mm : plane.column_spacing_mm;
  }
  return patient_from_index;
}

Volume decode_volume(const Stack& stack, int threads, std::vector<std::string>& warnings) {
  Volume volume = empty_volume(stack);
  std::vector<Job> jobs = decode_jobs(stack, volume);
  for_each_index(jobs.size(), threads, [&](size_t i) {
    try {
      dicom::decode_frames(*jobs[i].instance, jobs[i].targets);
    } catch (const Error& error) {
      jobs[i].failure = error.what();
    }
  });
  const Stack readable = without(stack, jobs);
  if (readable.slices.size() == stack.slices.size()) return volume;
  for (const Job& job : jobs) {
    if (!job.failure.empty()) warnings.push_back(job.failure + "; left out");
  }
  if (readable.slices.empty()) throw Error(ErrorKind::NoUsableStudy, "no slice of the series can be decoded");
  return decode_volume(readable, threads, warnings);
}

}  // namespace lumbargrade
