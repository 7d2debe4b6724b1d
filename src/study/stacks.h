#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dicom/instance.h"
#include "volume/volume.h"

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
  int repeat =
      0;  ///< counts up where a series holds several images at every position and no attribute tells them apart
  std::vector<std::string> warnings;

  const ImagePlane& plane() const { return slices.front().plane(); }
  const dicom::Contrast& contrast() const { return slices.front().image().contrast; }
};

struct Stacks {
  std::vector<Stack> stacks;          ///< most slices first
  std::vector<std::string> warnings;  ///< frames that are in no stack, and why
};

enum class Orientation { Sagittal, Coronal, Axial };

/// The patient axis nearest to the slices' normal.
Orientation orientation_of(const Vector3& normal);
std::string_view orientation_name(Orientation orientation);

/// Whether two images were made alike. Echo times may differ by a hundredth: some scanners tell what they reached for
/// each slice.
bool same_contrast(const dicom::Contrast& a, const dicom::Contrast& b);

/// Splits a series into stacks: by size, pixel spacing, orientation and contrast, and where slices lie beside each
/// other in one plane (stations of a whole spine); axial ones also where slices jump from one disc to the next. True
/// duplicates are dropped; different images at one position are kept apart.
Stacks make_stacks(const std::vector<std::shared_ptr<dicom::Instance>>& series);

}  // namespace lumbargrade
