#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// Decodes one JPEG 2000 frame to `rows * columns` raw values, or nothing when the codestream is damaged. OpenJPEG does
/// it: the open-source DCMTK has no JPEG 2000, and GDCM, which wraps OpenJPEG, leaks its streams on damaged input.
std::optional<std::vector<uint16_t>> decode_jpeg2000(const std::vector<Bytes>& fragments, const PixelFormat& format);

}  // namespace lumbargrade::dicom
