#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dicom/instance.h"
#include "study/volume.h"

namespace lumbargrade {

/// One frame of one instance that takes part in a stack.
struct StackSlice {
  std::shared_ptr<const dicom::Instance> instance;
  int frame = 0;  ///< index into instance->frames

  const dicom::Frame& image() const { return instance->frames[static_cast<size_t>(frame)]; }
  const ImagePlane& plane() const { return *image().plane; }
};

/// Parallel slices of equal size and contrast, ordered by position along the normal.
struct Stack {
  std::vector<StackSlice> slices;
  std::vector<std::string> warnings;

  const ImagePlane& plane() const { return slices.front().plane(); }
};

/// Splits a series into stacks: by size, pixel spacing, orientation, echo, b-value and image type. Most slices first.
std::vector<Stack> make_stacks(const std::vector<std::shared_ptr<const dicom::Instance>>& series);

/// Maps (column, row, slice) to patient space; the slice step is the mean step between neighbouring positions.
Affine patient_from_index(const Stack& stack);

/// Decodes the stack's pixels on `threads` threads.
Volume decode_volume(const Stack& stack, int threads);

}  // namespace lumbargrade
