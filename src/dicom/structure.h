#pragma once

#include <string>
#include <vector>

#include "dicom/elements.h"

namespace lumbargrade::dicom {

/// The data set inside a file, found and measured before any library parses it. Spans point into the bytes walked.
struct Structure {
  std::string transfer_syntax_uid;  ///< as the file claims; empty when it claims none
  ElementEncoding encoding;         ///< as the bytes show
  Bytes header;                     ///< the elements before the pixel data
  size_t elements = 0;              ///< of the header, nested ones too
  bool has_pixels = false;
  bool pixels_are_words = false;        ///< value representation OW: byte order matters for 8-bit pixels too
  Bytes native_pixels;                  ///< empty when encapsulated
  std::vector<Bytes> fragments;         ///< of encapsulated pixels, without the offset table
  std::vector<unsigned char> inflated;  ///< owns what the spans point into, for a deflated file
  std::vector<std::string> notes;       ///< what the bytes say otherwise than the file claims
};

inline constexpr size_t kLargestInflated = size_t{1} << 29;

/// How many bytes of a file looks_like_dicom wants to see: preamble and "DICM".
inline constexpr size_t kSignatureLength = 132;

/// True when the bytes look like DICOM: the "DICM" prefix, or a data set that starts without preamble.
bool looks_like_dicom(Bytes bytes);

/// Walks all elements of a file: every length must lie within its item and within the file; nesting and number of
/// elements are bounded. Bytes behind the pixel data are ignored. Where the elements are not written as the transfer
/// syntax claims, the one encoding in which they do read is taken, with a note. Throws Error saying where the file
/// breaks off. Deflated data sets are inflated up to `largest_inflated` bytes.
Structure find_structure(Bytes bytes, const std::string& name, size_t largest_inflated = kLargestInflated);

}  // namespace lumbargrade::dicom
