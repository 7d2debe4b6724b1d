#include "dicom/codestream.h"

#include <cstdint>
#include <numeric>

#include "core/error.h"
#include "dicom/elements.h"

namespace lumbargrade::dicom {
namespace {

constexpr size_t kRleHeaderLength = 64;
constexpr int kMostRleSegments = 15;
constexpr uint64_t kMostTiles = 65535;

// Markers of ISO 10918-1, 14495-1 and 15444-1.
constexpr int kStartOfImage = 0xFFD8;
constexpr int kStartOfScan = 0xFFDA;
constexpr int kHuffmanTables = 0xFFC4;
constexpr int kArithmeticConditioning = 0xFFCC;
constexpr int kJpegExtension = 0xFFC8;
constexpr int kLosslessFrame = 0xFFC3;
constexpr int kJpegLsFrame = 0xFFF7;
constexpr int kFillByte = 0xFFFF;  // before any marker, as many as the writer likes
constexpr int kStartOfCodestream = 0xFF4F;
constexpr int kImageAndTileSize = 0xFF51;

bool starts_codestream(Bytes fragment) {
  return fragment.size() >= 2 &&
         (read16(fragment, 0, true) == kStartOfImage || read16(fragment, 0, true) == kStartOfCodestream);
}

std::string size_problem(int64_t columns, int64_t rows, int components, const PixelFormat& expected) {
  if (columns == expected.columns && rows == expected.rows && components == expected.samples_per_pixel) return {};
  return text("compressed image of ", columns, " x ", rows, " x ", components, " where the header says ",
              expected.columns, " x ", expected.rows, " x ", expected.samples_per_pixel);
}

// ---- RLE (PS3.5 annex G)
// ---------------------------------------------------------------------------------------------

std::string rle_problem(Bytes fragment, const PixelFormat& expected) {
  if (fragment.size() < kRleHeaderLength) return text("RLE fragment of ", fragment.size(), " bytes");
  const uint32_t segments = read32(fragment, 0, false);
  const int wanted = expected.samples_per_pixel * expected.bits_allocated / 8;
  if (segments != static_cast<uint32_t>(wanted) || wanted > kMostRleSegments) {
    return text("RLE image of ", segments, " segments where ", wanted, " are needed");
  }
  uint32_t previous = kRleHeaderLength;
  for (uint32_t i = 0; i < segments; ++i) {
    const uint32_t offset = read32(fragment, 4 + 4 * i, false);
    if (offset < previous || offset > fragment.size()) return text("RLE segment ", i + 1, " lies outside its fragment");
    previous = offset;
  }
  return {};
}

// ---- JPEG and JPEG-LS
// ------------------------------------------------------------------------------------------------

/// Categories above 15 (16 for lossless) have overrun decoders' tables.
std::string huffman_problem(Bytes segment, bool lossless) {
  size_t at = 0;
  while (at < segment.size()) {
    if (segment.size() - at < 17) return "Huffman table cut off";
    const bool is_ac = (segment[at] >> 4) != 0;
    if ((segment[at] >> 4) > 1 || (segment[at] & 15) > 3) return "Huffman table with a wrong number";
    const auto counts = segment.subspan(at + 1, 16);
    const size_t symbols = std::accumulate(counts.begin(), counts.end(), size_t{0});
    at += 17;
    if (symbols > 256 || symbols > segment.size() - at) return "Huffman table longer than its segment";
    for (const unsigned char symbol : segment.subspan(at, symbols)) {
      const int category = is_ac ? symbol & 15 : symbol;
      if (category > (lossless && !is_ac ? 16 : 15)) return text("Huffman category ", category);
    }
    at += symbols;
  }
  return {};
}

bool is_frame_marker(int marker) {
  return (marker >= 0xFFC0 && marker <= 0xFFCF && marker != kHuffmanTables && marker != kJpegExtension &&
          marker != kArithmeticConditioning) ||
         marker == kJpegLsFrame;
}

std::string frame_problem(Bytes segment, int marker, PixelCoding coding, const PixelFormat& expected) {
  if (segment.size() < 6) return "JPEG frame header cut off";
  if ((marker == kJpegLsFrame) != (coding == PixelCoding::JpegLs)) return "JPEG frame of another kind than announced";
  const int precision = segment[0];
  if (precision < 2 || precision > expected.bits_allocated) return text("JPEG precision of ", precision, " bits");
  return size_problem(read16(segment, 3, true), read16(segment, 1, true), segment[5], expected);
}

bool holds_lossless_frame(Bytes stream) {
  for (size_t at = 2; at + 4 <= stream.size();) {
    const int marker = read16(stream, at, true);
    if (marker == kFillByte) {
      ++at;
      continue;
    }
    if (is_frame_marker(marker)) return marker == kLosslessFrame;
    if (marker == kStartOfScan) return false;
    at += 2 + static_cast<size_t>(read16(stream, at + 2, true));
  }
  return false;
}

std::string jpeg_problem(Bytes stream, PixelCoding coding, const PixelFormat& expected) {
  if (stream.size() < 4 || read16(stream, 0, true) != kStartOfImage) return "no JPEG image";
  const bool lossless = holds_lossless_frame(stream);
  bool has_frame = false;
  size_t at = 2;
  while (stream.size() - at >= 4) {
    const int marker = read16(stream, at, true);
    if (marker == kFillByte) {
      ++at;
      continue;
    }
    const auto length = static_cast<size_t>(read16(stream, at + 2, true));
    if (marker < 0xFF01 || length < 2 || length > stream.size() - at - 2) return "damaged JPEG marker segment";
    if (is_frame_marker(marker) && has_frame) return "JPEG image with two frames";
    has_frame = has_frame || is_frame_marker(marker);
    const Bytes segment = stream.subspan(at + 4, length - 2);
    std::string problem;
    if (is_frame_marker(marker)) problem = frame_problem(segment, marker, coding, expected);
    if (marker == kHuffmanTables) problem = huffman_problem(segment, lossless);
    if (!problem.empty()) return problem;
    if (marker == kStartOfScan) return has_frame ? std::string() : "JPEG scan without a frame header";
    at += 2 + length;
  }
  return "JPEG image cut off before its scan";
}

// ---- JPEG 2000
// -------------------------------------------------------------------------------------------------------

std::string tile_problem(Bytes size) {
  const uint64_t width = read32(size, 2, true), height = read32(size, 6, true);
  const uint64_t tile_width = read32(size, 18, true), tile_height = read32(size, 22, true);
  if (tile_width == 0 || tile_height == 0) return "JPEG 2000 tiles without size";
  const uint64_t tiles = ((width + tile_width - 1) / tile_width) * ((height + tile_height - 1) / tile_height);
  return tiles <= kMostTiles ? std::string() : text("JPEG 2000 image of ", tiles, " tiles");
}

std::string component_problem(Bytes size, const PixelFormat& expected) {
  const int components = read16(size, 34, true);
  if (size.size() < 36 + 3 * static_cast<size_t>(components)) return "JPEG 2000 size segment cut off";
  for (size_t i = 36; i < 36 + 3 * static_cast<size_t>(components); i += 3) {
    const int precision = (size[i] & 0x7F) + 1;
    if (precision > expected.bits_allocated) return text("JPEG 2000 precision of ", precision, " bits");
    if (size[i + 1] != 1 || size[i + 2] != 1) return "JPEG 2000 image with subsampled components";
  }
  return {};
}

std::string jpeg2000_problem(Bytes stream, const PixelFormat& expected) {
  if (stream.size() < 6 || read16(stream, 0, true) != kStartOfCodestream ||
      read16(stream, 2, true) != kImageAndTileSize) {
    return "no JPEG 2000 codestream";
  }
  const auto length = static_cast<size_t>(read16(stream, 4, true));
  if (length < 38 || length > stream.size() - 4) return "JPEG 2000 size segment cut off";
  const Bytes size = stream.subspan(6, length - 2);
  const int64_t columns = int64_t{read32(size, 2, true)} - int64_t{read32(size, 10, true)};
  const int64_t rows = int64_t{read32(size, 6, true)} - int64_t{read32(size, 14, true)};
  for (const std::string& problem : {size_problem(columns, rows, read16(size, 34, true), expected), tile_problem(size),
                                     component_problem(size, expected)}) {
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace

std::vector<std::vector<Bytes>> assign_fragments(const std::vector<Bytes>& fragments, size_t frames) {
  std::vector<std::vector<Bytes>> assigned;
  if (frames == 1 && !fragments.empty()) return {fragments};
  for (const Bytes fragment : fragments) {
    const bool starts = fragments.size() == frames || starts_codestream(fragment);
    if (starts) assigned.emplace_back();
    if (assigned.empty()) return {};
    assigned.back().push_back(fragment);
  }
  return assigned.size() == frames ? assigned : std::vector<std::vector<Bytes>>();
}

std::string codestream_problem(PixelCoding coding, const std::vector<Bytes>& frame, const PixelFormat& expected) {
  switch (coding) {
    case PixelCoding::Native:
      return "compressed pixels under a transfer syntax without compression";
    case PixelCoding::Rle:
      return frame.size() == 1 ? rle_problem(frame.front(), expected) : "RLE frame in several fragments";
    case PixelCoding::Jpeg:
    case PixelCoding::JpegLs:
      return jpeg_problem(frame.front(), coding, expected);
    case PixelCoding::Jpeg2000:
      return jpeg2000_problem(frame.front(), expected);
    case PixelCoding::Unsupported:
      break;
  }
  return "unsupported compression";
}

}  // namespace lumbargrade::dicom
