#pragma once

#include <string>
#include <vector>

#include "dicom/structure.h"
#include "dicom/transfer_syntax.h"

namespace lumbargrade::dicom {

/// What the DICOM header says a compressed frame must decode to.
struct ExpectedImage {
  int rows = 0;
  int columns = 0;
  int samples_per_pixel = 1;
  int bits_allocated = 16;
};

/// The fragments of each frame: one each, or all of a single frame, or split where a codestream starts. Empty when
/// they cannot be assigned to `frames` frames.
std::vector<std::vector<Bytes>> assign_fragments(const std::vector<Bytes>& fragments, size_t frames);

/// Compares one frame's codestream header with the DICOM header, before a decoder sees it: size, components and
/// precision, segment and marker lengths, Huffman categories, tile counts. Returns what is wrong, or nothing.
std::string codestream_problem(PixelCoding coding, const std::vector<Bytes>& frame, const ExpectedImage& expected);

}  // namespace lumbargrade::dicom
