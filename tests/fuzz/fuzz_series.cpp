// Series of images with arbitrary headers, grouped into stacks and candidates, decoded: volumes or an Error.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <memory>

#include "core/error.h"
#include "study/roles.h"
#include "study/stack_volume.h"
#include "volume/volume_sampler.h"

namespace {

using namespace lumbargrade;  // NOLINT: one short file

Vector3 any_vector(FuzzedDataProvider& input) {
  const auto part = [&] { return input.ConsumeFloatingPoint<double>(); };
  const auto near = [&] { return input.ConsumeFloatingPointInRange<double>(-300, 300); };
  return input.ConsumeBool() ? Vector3(near(), near(), near()) : Vector3(part(), part(), part());
}

/// The reader lets only plausible positions and spacings and orthonormal directions through (dicom/frames.cpp); so does
/// this.
ImagePlane any_plane(FuzzedDataProvider& input) {
  ImagePlane plane;
  const Vector3 position = any_vector(input);
  if (position.allFinite() && position.cwiseAbs().maxCoeff() <= 1e4) plane.position_patient = position;
  const Vector3 row = any_vector(input), other = any_vector(input);
  const Vector3 column = row.normalized().cross(other).normalized();
  if (is_orthonormal(row.normalized(), column)) {
    plane.row_direction = row.normalized();
    plane.column_direction = column;
  }
  plane.row_spacing_mm = input.ConsumeFloatingPointInRange<double>(0.02, 100);
  plane.column_spacing_mm = input.ConsumeFloatingPointInRange<double>(0.02, 100);
  return plane;
}

dicom::Frame any_frame(FuzzedDataProvider& input, int index, const ImagePlane& usual) {
  dicom::Frame frame;
  frame.index = index;
  if (input.ConsumeBool()) {
    frame.plane = usual;
    frame.plane->position_patient += usual.normal() * input.ConsumeIntegralInRange(-3, 3);
  } else if (input.ConsumeBool()) {
    frame.plane = any_plane(input);
  }
  if (input.ConsumeBool()) frame.contrast.echo_time_ms = input.ConsumeFloatingPoint<double>();
  if (input.ConsumeBool()) frame.contrast.b_value = input.ConsumeFloatingPoint<double>();
  if (input.ConsumeBool()) frame.contrast.image_type = input.ConsumeRandomLengthString(20);
  frame.slope = input.ConsumeBool() ? 1 : input.ConsumeFloatingPoint<double>();
  return frame;
}

std::shared_ptr<const dicom::EncodedPixels> native_pixels(size_t bytes) {
  auto pixels = std::make_shared<dicom::EncodedPixels>();
  pixels->storage.resize(bytes);
  pixels->structure.has_pixels = true;
  pixels->structure.native_pixels = pixels->storage;
  return pixels;
}

std::shared_ptr<dicom::Instance> any_instance(FuzzedDataProvider& input, const ImagePlane& usual) {
  auto instance = std::make_shared<dicom::Instance>();
  instance->file = input.ConsumeBool() ? "a/1" : "b/1";
  instance->series_description = input.ConsumeRandomLengthString(20);
  instance->instance_number = input.ConsumeIntegral<int>();
  instance->format = {input.ConsumeIntegralInRange(1, 4), 3, 1, 16, 12, 11, input.ConsumeBool(), "MONOCHROME2"};
  if (input.ConsumeBool()) instance->repetition_time_ms = input.ConsumeFloatingPoint<double>();
  if (input.ConsumeBool()) instance->slice_thickness_mm = input.ConsumeFloatingPoint<double>();
  const int frames = input.ConsumeIntegralInRange(1, 4);
  for (int i = 0; i < frames; ++i) instance->frames.push_back(any_frame(input, i, usual));
  if (input.ConsumeBool())
    instance->pixels = native_pixels(static_cast<size_t>(instance->format.rows * 3 * 2 * frames));
  return instance;
}

void group_and_decode(const std::vector<std::shared_ptr<dicom::Instance>>& series) {
  std::vector<std::string> warnings;
  for (Candidate& candidate : make_candidates(make_stacks(series).stacks)) {
    find_role(candidate);
    for (const Stack& stack : candidate.blocks) {
      try {
        const Volume volume = decode_volume(stack, 1, warnings);
        const VolumeSampler sample(volume);
        for (int i = 0; i < 9; ++i) sample(stack.plane().patient_from_index() * Vector3(i % 3, i / 3, 0));
      } catch (const Error&) {
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const ImagePlane usual = any_plane(input);
  std::vector<std::shared_ptr<dicom::Instance>> series;
  while (input.remaining_bytes() > 0 && series.size() < 64) series.push_back(any_instance(input, usual));
  group_and_decode(series);
  return 0;
}
