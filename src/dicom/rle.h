#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// Decodes one frame of RLE Lossless (PS3.5 annex G) to `rows * columns` raw values of one sample, or nothing when a
/// segment ends too early. The fragment's header must have passed codestream_problem. Faster than DCMTK,
/// which copies the fragment, decodes in steps of a row and copies the result.
std::optional<std::vector<uint16_t>> decode_rle(Bytes fragment, const PixelFormat& format);

}  // namespace lumbargrade::dicom
