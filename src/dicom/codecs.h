#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// One greyscale frame's `rows * columns` raw values as they would be stored natively; nothing where the frame is
/// damaged, ends too early or does not hold what `format` says.
using RawValues = std::optional<std::vector<uint16_t>>;

// Each decodes the fragments of one frame that codestream_problem found nothing wrong with.

/// By OpenJPEG: the open-source DCMTK has no JPEG 2000, and GDCM, which wraps OpenJPEG, leaks its streams on damaged
/// input.
RawValues decode_jpeg2000(const std::vector<Bytes>& fragments, const PixelFormat& format);

/// By CharLS: DCMTK's own copy of it is old, and aborts on some streams.
RawValues decode_jpeg_ls(const std::vector<Bytes>& fragments, const PixelFormat& format);

/// RLE Lossless (PS3.5 annex G), of one fragment. Faster than DCMTK, which copies the fragment, decodes in steps of a
/// row and copies the result.
RawValues decode_rle(const std::vector<Bytes>& fragments, const PixelFormat& format);

}  // namespace lumbargrade::dicom
