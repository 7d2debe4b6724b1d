#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "dicom/instance.h"
#include "dicom/pixels.h"

namespace lumbargrade {

inline std::filesystem::path dicom_data(const std::string& name) {
  return std::filesystem::path(LUMBARGRADE_TEST_DATA) / "dicom" / name;
}

inline std::vector<unsigned char> file_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline size_t frame_size(const dicom::Instance& instance) {
  return static_cast<size_t>(instance.format.rows) * static_cast<size_t>(instance.format.columns);
}

/// All frames, one behind the other.
inline std::vector<float> decode_all(const dicom::Instance& instance) {
  std::vector<float> voxels(frame_size(instance) * instance.frames.size());
  std::vector<dicom::FrameTarget> targets;
  for (const dicom::Frame& frame : instance.frames) {
    targets.push_back({frame.index, voxels.data() + static_cast<size_t>(frame.index) * frame_size(instance)});
  }
  dicom::decode_frames(instance, targets);
  return voxels;
}

}  // namespace lumbargrade
