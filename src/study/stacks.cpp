#include "study/stacks.h"

#include <algorithm>
#include <cmath>
#include <map>

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
constexpr double kGap = 1.5;         // times the median step: a slice is missing
constexpr double kNextBlock = 2.5;   // times the median step: axial slices of the next disc
constexpr double kSidestep_mm = 2;   // in-plane, against the stack's usual step
constexpr double kIrregular = 0.05;  // of the median step
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

bool same_image(const StackSlice& a, const StackSlice& b) {
  if (!a.instance->pixels || !b.instance->pixels) return false;
  try {
    return decode_slice(a) == decode_slice(b);
  } catch (const Error&) {
    return false;
  }
}

/// The different images at each position.
using Positions = std::vector<std::vector<StackSlice>>;

Positions collect_positions(const Stack& stack, int& duplicates) {
  Positions positions;
  for (const StackSlice& slice : stack.slices) {
    if (positions.empty() || !same_position(positions.back().front(), slice)) {
      positions.push_back({slice});
      continue;
    }
    auto& here = positions.back();
    const bool known =
        std::any_of(here.begin(), here.end(), [&](const auto& other) { return same_image(other, slice); });
    if (known) {
      ++duplicates;
    } else {
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

std::vector<Stack> split_blocks(Stack stack) {
  const bool is_axial = orientation_of(stack.plane().normal()) != Orientation::Sagittal;
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
        for (Stack& block : split_blocks(std::move(stack))) result.stacks.push_back(std::move(block));
      }
    }
  }
  for (Stack& stack : result.stacks) warn_about_gaps(stack);
  std::stable_sort(result.stacks.begin(), result.stacks.end(), [](const Stack& a, const Stack& b) {
    return std::pair(a.repeat, b.slices.size()) < std::pair(b.repeat, a.slices.size());
  });
  return result;
}

Affine patient_from_index(const Stack& stack) {
  const ImagePlane& plane = stack.plane();
  Affine patient_from_index = plane.patient_from_index();
  const size_t count = stack.slices.size();
  if (count > 1) {
    const Vector3 span = stack.slices.back().plane().position_patient - plane.position_patient;
    patient_from_index.linear().col(2) = span / static_cast<double>(count - 1);
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
