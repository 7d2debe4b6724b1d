#include "study/stack_volume.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/parallel.h"
#include "core/process_memory.h"
#include "core/statistics.h"
#include "dicom/pixels.h"
#include "volume/slice_positions.h"

namespace lumbargrade {
namespace {

constexpr double kThinnest_mm = 0.05, kThickest_mm = 100;
constexpr size_t kDecodingCopies = 3;  // of one frame, as 32-bit numbers: decoders' own, theirs handed on, ours

size_t frame_pixels(const dicom::PixelFormat& format) {
  return static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
}

/// What `threads` threads need beside the result while they decode.
MemoryShare take_for_decoding(const dicom::Instance& instance, int threads, const MemoryBudgetPointer& budget) {
  const size_t bytes = frame_pixels(instance.format) * sizeof(float) * kDecodingCopies;
  return take_memory(budget, bytes * static_cast<size_t>(std::max(1, threads)), "decoding " + instance.file.string());
}

SliceSource slice_source(const StackSlice& slice) {
  const dicom::Instance& instance = *slice.instance;
  return {instance.file.string(),   instance.sop_instance_uid,
          instance.instance_number, slice.plane().position_patient,
          instance.sop_class_uid,   instance.frames.size() > 1 ? slice.image().index + 1 : 0};
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

Volume empty_volume(const Stack& stack, const MemoryBudgetPointer& budget) {
  const dicom::Instance& first = *stack.slices.front().instance;
  const size_t voxels = frame_pixels(first.format) * stack.slices.size();
  Volume volume;
  volume.memory = take_memory(budget, voxels * sizeof(float), "the pixels of " + first.file.string());
  volume.columns = first.format.columns;
  volume.rows = first.format.rows;
  volume.slices = static_cast<int>(stack.slices.size());
  volume.patient_from_index = patient_from_index(stack);
  volume.series_instance_uid = first.series_instance_uid;
  std::transform(stack.slices.begin(), stack.slices.end(), std::back_inserter(volume.sources), slice_source);
  volume.voxels.reserve(voxels);
  prefer_large_pages(volume.voxels.data(), voxels * sizeof(float));
  volume.voxels.resize(voxels);
  return volume;
}

/// No MR signal is below zero: where a good part of the values is, an offset was stored with them, which every ratio of
/// signals would feel. The hundredth that is darkest is air.
void raise_above_zero(Volume& volume, std::vector<std::string>& warnings) {
  constexpr size_t kEvery = 61;         // of the voxels; a prime, so that no column is followed
  constexpr double kUndershoot = 0.02;  // of the range: what interpolation leaves below zero
  std::vector<float> sample;
  for (size_t i = 0; i < volume.voxels.size(); i += kEvery) sample.push_back(volume.voxels[i]);
  const float darkest = quantile_of(sample, 0.01);
  if (darkest >= 0 || darkest > -kUndershoot * (quantile_of(sample, 0.99) - darkest)) return;
  for (float& voxel : volume.voxels) voxel -= darkest;
  warnings.push_back(text("values below zero: ", -darkest, " added to all"));
}

Stack without_failed(const Stack& stack, const std::vector<Job>& jobs) {
  std::set<const dicom::Instance*> failed;
  for (const Job& job : jobs) {
    if (!job.failure.empty()) failed.insert(job.instance);
  }
  Stack rest = stack;
  std::erase_if(rest.slices, [&](const StackSlice& slice) { return failed.contains(slice.instance.get()); });
  return rest;
}

}  // namespace

std::optional<size_t> fingerprint(const StackSlice& slice) {
  if (!slice.instance->pixels) return std::nullopt;
  std::vector<float> voxels(frame_pixels(slice.instance->format));
  const dicom::FrameTarget target = {slice.image().index, voxels.data()};
  try {
    dicom::decode_frames(*slice.instance, {&target, 1});
  } catch (const Error&) {
    return std::nullopt;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(voxels.data()), voxels.size() * sizeof(float));
  return std::hash<std::string_view>()(bytes);
}

Affine patient_from_index(const Stack& stack) {
  const ImagePlane& plane = stack.plane();
  Affine patient_from_index = plane.patient_from_index();
  if (stack.slices.size() > 1) {
    std::vector<Vector3> positions;
    for (const StackSlice& slice : stack.slices) positions.push_back(slice.plane().position_patient);
    patient_from_index.linear().col(2) = usual_step(positions, plane.normal());
  } else {
    const double thickness_mm = stack.slices.front().instance->slice_thickness_mm.value_or(0);
    const bool is_plausible = thickness_mm >= kThinnest_mm && thickness_mm <= kThickest_mm;
    patient_from_index.linear().col(2) *= is_plausible ? thickness_mm : plane.column_spacing_mm;
  }
  return patient_from_index;
}

Volume decode_volume(const Stack& stack, int threads, std::vector<std::string>& warnings,
                     const MemoryBudgetPointer& budget) {
  const MemoryShare decoding = take_for_decoding(*stack.slices.front().instance, threads, budget);
  Volume volume = empty_volume(stack, budget);
  std::vector<Job> jobs = decode_jobs(stack, volume);
  for_each_index(jobs.size(), threads, [&](size_t i) {
    try {
      dicom::decode_frames(*jobs[i].instance, jobs[i].targets);
    } catch (const Error& error) {
      jobs[i].failure = error.what();
    }
  });
  const Stack readable = without_failed(stack, jobs);
  if (readable.slices.size() == stack.slices.size()) {
    raise_above_zero(volume, warnings);
    return volume;
  }
  for (const Job& job : jobs) {
    if (!job.failure.empty()) warnings.push_back(job.failure + "; left out");
  }
  if (readable.slices.empty()) throw Error(ErrorKind::NoUsableStudy, "no slice of the series can be decoded");
  volume = {};  // its memory is needed again
  return decode_volume(readable, threads, warnings, budget);
}

}  // namespace lumbargrade
