// Any bytes, read as one DICOM file and decoded: pixels or an Error, nothing else.
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "dicom/pixels.h"

namespace {

constexpr size_t kLargestDecoded = size_t{64} << 20;  // larger claims are valid, but only slow the fuzzer down

void read_and_decode(std::vector<unsigned char> bytes) {
  const lumbargrade::dicom::Instance instance = lumbargrade::dicom::parse_instance(std::move(bytes), "fuzzed");
  const size_t frame_size = static_cast<size_t>(instance.format.rows) * static_cast<size_t>(instance.format.columns);
  if (instance.frames.empty() || frame_size * instance.frames.size() > kLargestDecoded) return;
  std::vector<float> voxels(frame_size * instance.frames.size());
  std::vector<lumbargrade::dicom::FrameTarget> targets;
  for (const auto& frame : instance.frames) {
    targets.push_back({frame.index, voxels.data() + static_cast<size_t>(frame.index) * frame_size});
  }
  lumbargrade::dicom::decode_frames(instance, targets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    read_and_decode({data, data + size});
  } catch (const lumbargrade::Error&) {
  }
  return 0;
}
