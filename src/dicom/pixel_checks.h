#pragma once

#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "dicom/instance.h"

class DcmDataset;

namespace lumbargrade::dicom {

/// How the pixels are stored; notes what is taken otherwise than the header says.
PixelFormat read_pixel_format(DcmDataset& dataset, std::vector<std::string>& notes);

/// The number of frames, once the bytes present are known to hold them and memory to hold what they decode to. Throws
/// Error when they do not.
size_t checked_frames(DcmDataset& dataset, const Instance& instance, const Structure& structure,
                      const MemoryBudgetPointer& budget);

/// Why the pixels cannot be decoded; empty when they can.
std::string pixel_problem(const Instance& instance, const EncodedPixels& pixels);

/// Takes its plane from a frame whose field of view is larger than any scanner's.
void check_field(const PixelFormat& format, Frame& frame);

/// Stored values that use bits above BitsStored, where no overlay is kept in them: the header tells too few.
void keep_all_bits(DcmDataset& dataset, const Structure& structure, Instance& instance);

/// Tells what is unusual of the pixels' encoding.
void note_pixels(DcmDataset& dataset, const Structure& structure, Instance& instance);

}  // namespace lumbargrade::dicom
