#pragma once

#include <string>
#include <vector>

#include "dicom/instance.h"
#include "dicom/transfer_syntax.h"

namespace lumbargrade::dicom {

/// The fragments of each frame: one each, or all of a single frame, or split where a codestream starts. Empty when
/// they cannot be assigned to `frames` frames.
std::vector<std::vector<Bytes>> assign_fragments(const std::vector<Bytes>& fragments, size_t frames);

/// Compares one frame's codestream header with what the DICOM header says (`expected`), before a decoder sees it: size,
/// components and precision, segment and marker lengths, Huffman categories, tile counts. Returns what is wrong, or
/// nothing.
std::string codestream_problem(PixelCoding coding, const std::vector<Bytes>& frame, const PixelFormat& expected);

}  // namespace lumbargrade::dicom
