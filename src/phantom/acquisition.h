#pragma once

#include <cstdint>
#include <vector>

#include "phantom/protocol.h"

namespace lumbargrade::phantom {

/// Stored values 0..4095 of one slice, row by row.
using SlicePixels = std::vector<std::uint16_t>;

/// Signal of water and of fat in every pixel of the field of view, before the machine's imperfections. Row by row.
struct Object {
  std::vector<float> water, fat;
};

/// What the machine makes of an object: shifted fat, a finite and noisy k-space with motion between its lines,
/// magnitude. `stream` gives the noise.
SlicePixels acquire(const Object& object, int rows, int columns, const AcquisitionPlan& plan, Stream& stream);

}  // namespace lumbargrade::phantom
