#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// Decodes one greyscale JPEG-LS codestream by CharLS (DCMTK's own copy of it is old, and aborts on some streams) to
/// raw values as they would be stored natively. Nothing when it is damaged or does not hold what `format` says.
std::optional<std::vector<uint16_t>> decode_jpeg_ls(const std::vector<Bytes>& fragments, const PixelFormat& format);

}  // namespace lumbargrade::dicom
