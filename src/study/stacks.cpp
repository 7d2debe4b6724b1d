#include "study/stacks.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "dicom/pixels.h"
#include "study/parallel.h"

namespace lumbargrade {
namespace {

constexpr double kSameDirection = 0.99996;  // cosine of half a degree
constexpr double kSameSpacing = 1e-3;       // relative
constexpr double kSamePosition_mm = 0.01;

bool same_spacing(double a, double b) {
  return std::abs(a - b) <= kSameSpacing * std::max(a, b);
}

bool same_plane_family(const ImagePlane& a, const ImagePlane& b) {
  return a.row_direction.dot(b.row_direction) > kSameDirection &&
         a.column_direction.dot(b.column_direction) > kSameDirection &&
         same_spacing(a.row_spacing_mm, b.row_spacing_mm) && same_spacing(a.column_spacing_mm, b.column_spacing_mm);
}

bool belongs_to(const Stack& stack, const StackSlice& slice) {
  const StackSlice& first = stack.slices.front();
  return first.instance->format.rows == slice.instance->format.rows &&
         first.instance->format.columns == slice.instance->format.columns &&
         first.image().contrast == slice.image().contrast && same_plane_family(first.plane(), slice.plane());
}

void add_slice(std::vector<Stack>& stacks, const StackSlice& slice) {
  const auto stack = std::find_if(stacks.begin(), stacks.end(), [&](const Stack& s) { return belongs_to(s, slice); });
  if (stack == stacks.end()) {
    stacks.push_back({{slice}, {}});
  } else {
    stack->slices.push_back(slice);
  }
}

void sort_by_position(Stack& stack) {
  const Vector3 normal = stack.plane().normal();
  std::stable_sort(stack.slices.begin(), stack.slices.end(), [&](const StackSlice& a, const StackSlice& b) {
    return normal.dot(a.plane().position_patient) < normal.dot(b.plane().position_patient);
  });
}

void drop_repeated_positions(Stack& stack) {
  const size_t before = stack.slices.size();
  const auto repeated = std::unique(stack.slices.begin(), stack.slices.end(), [](const auto& a, const auto& b) {
    return (a.plane().position_patient - b.plane().position_patient).norm() < kSamePosition_mm;
  });
  stack.slices.erase(repeated, stack.slices.end());
  if (const size_t dropped = before - stack.slices.size()) {
    stack.warnings.push_back(text(dropped, " slices at positions already seen were left out"));
  }
}

SliceSource slice_source(const StackSlice& slice) {
  return {slice.instance->file.string(), slice.instance->sop_instance_uid, slice.instance->instance_number,
          slice.plane().position_patient};
}

/// The slices of one file, decoded together.
using Job = std::pair<const dicom::Instance*, std::vector<dicom::FrameTarget>>;

std::vector<Job> decode_jobs(const Stack& stack, Volume& volume) {
  std::map<const dicom::Instance*, std::vector<dicom::FrameTarget>> jobs;
  const size_t slice_size = static_cast<size_t>(volume.rows) * static_cast<size_t>(volume.columns);
  for (size_t i = 0; i < stack.slices.size(); ++i) {
    const StackSlice& slice = stack.slices[i];
    jobs[slice.instance.get()].push_back({slice.image().index, volume.voxels.data() + i * slice_size});
  }
  return {jobs.begin(), jobs.end()};
}

}  // namespace

std::vector<Stack> make_stacks(const std::vector<std::shared_ptr<const dicom::Instance>>& series) {
  std::vector<Stack> stacks;
  for (const auto& instance : series) {
    for (const dicom::Frame& frame : instance->frames) {
      if (frame.plane) add_slice(stacks, {instance, frame.index});
    }
  }
  for (Stack& stack : stacks) {
    sort_by_position(stack);
    drop_repeated_positions(stack);
  }
  std::stable_sort(stacks.begin(), stacks.end(),
                   [](const Stack& a, const Stack& b) { return a.slices.size() > b.slices.size(); });
  return stacks;
}

Affine patient_from_index(const Stack& stack) {
  Affine patient_from_index = stack.plane().patient_from_index();
  const size_t count = stack.slices.size();
  if (count > 1) {
    const Vector3 span = stack.slices.back().plane().position_patient - stack.plane().position_patient;
    patient_from_index.linear().col(2) = span / static_cast<double>(count - 1);
  } else {
    patient_from_index.linear().col(2) *= stack.slices.front().instance->slice_thickness_mm.value_or(1);
  }
  return patient_from_index;
}

Volume decode_volume(const Stack& stack, int threads) {
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
  const std::vector<Job> jobs = decode_jobs(stack, volume);
  for_each_index(jobs.size(), threads, [&](size_t i) { dicom::decode_frames(*jobs[i].first, jobs[i].second); });
  return volume;
}

}  // namespace lumbargrade
