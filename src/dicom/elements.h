#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lumbargrade::dicom {

using Bytes = std::span<const unsigned char>;

/// How the elements of a data set are written (PS3.5 section 7).
struct ElementEncoding {
  bool explicit_vr = true;
  bool big_endian = false;

  bool operator==(const ElementEncoding&) const = default;
};

struct Tag {
  std::uint16_t group = 0;
  std::uint16_t element = 0;

  // NOLINTNEXTLINE(modernize-use-nullptr): it takes a comparison's 0 for one
  auto operator<=>(const Tag&) const = default;
};

inline constexpr Tag kItem = {0xFFFE, 0xE000};
inline constexpr Tag kItemEnd = {0xFFFE, 0xE00D};
inline constexpr Tag kSequenceEnd = {0xFFFE, 0xE0DD};
inline constexpr Tag kTransferSyntax = {0x0002, 0x0010};

inline constexpr std::uint32_t kUndefinedLength = 0xFFFFFFFF;

inline constexpr std::string_view kImplicitLittleEndian = "1.2.840.10008.1.2";
inline constexpr std::string_view kExplicitBigEndian = "1.2.840.10008.1.2.2";
inline constexpr std::string_view kDeflated = "1.2.840.10008.1.2.1.99";

/// The number of two or four bytes at `at`.
std::uint16_t read16(Bytes bytes, size_t at, bool big_endian);
std::uint32_t read32(Bytes bytes, size_t at, bool big_endian);

/// What stands before an element's value.
struct ElementHead {
  Tag tag;
  std::array<char, 2> vr = {};  ///< zeros where the encoding has none
  std::uint32_t length = 0;     ///< of the value; kUndefinedLength: up to a delimiter
  size_t size = 8;              ///< of the head itself

  bool is(std::string_view name) const { return std::string_view(vr.data(), vr.size()) == name; }
};

/// The head of the element at `position`; nothing where the bytes end before it or within it.
std::optional<ElementHead> element_head(Bytes bytes, size_t position, ElementEncoding encoding);

/// Whether the element at `position` is written with one of the value representations of PS3.5, table 6.2-1.
bool has_known_vr(Bytes bytes, size_t position);

/// Where the elements begin: behind the preamble and its "DICM", else at 0.
size_t first_element(Bytes bytes);

/// A value's text without the blanks or zeros that pad it.
std::string text_of(Bytes value);

}  // namespace lumbargrade::dicom
