#pragma once

#include <span>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// Where one decoded frame goes: `rows * columns` floats, row by row.
struct FrameTarget {
  int frame = 0;  ///< Frame::index
  float* voxels = nullptr;
};

/// Decodes the frames asked for: stored values masked to BitsStored and sign-extended, then
/// `rescale_slope * value + rescale_intercept` of that frame. MONOCHROME1 is inverted, so that larger is brighter.
/// Throws Error for an unsupported transfer syntax, or pixel data that do not hold what the header says.
void decode_frames(const Instance& instance, std::span<const FrameTarget> targets);

}  // namespace lumbargrade::dicom
