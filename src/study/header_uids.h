#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace lumbargrade {

/// What tells a file's study, series and image, and whose and of which day it is; empty where the header does not.
struct HeaderUids {
  std::string study_instance_uid;
  std::string series_instance_uid;
  std::string sop_instance_uid;
  std::string patient_id;
  std::string study_date;
};

/// No header is read further: what tells a file stands before.
inline constexpr size_t kMostHeaderBytes = size_t{256} << 10;

/// Reads the beginning of a file for these, so that the files of a whole data set can be told apart quickly.
/// No library parses it, and nothing but the walk over the elements' lengths is done: safe in a process that must not
/// die of a hostile file. Nothing when the file's first bytes are not DICOM's or it cannot be read; a header that does
/// not come to its point within 256 KiB, or is deflated, gives empty UIDs.
std::optional<HeaderUids> read_header_uids(const std::filesystem::path& file);

/// The same for a file's first bytes, all of them or at least kMostHeaderBytes.
std::optional<HeaderUids> header_uids_of(std::span<const unsigned char> bytes);

}  // namespace lumbargrade
