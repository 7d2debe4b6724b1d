#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace lumbargrade {

/// What tells a file's study, series and image; empty where the header does not.
struct HeaderUids {
  std::string study_instance_uid;
  std::string series_instance_uid;
  std::string sop_instance_uid;
};

/// Reads the beginning of a file for these three, so that the files of a whole data set can be told apart quickly.
/// No library parses it, and nothing but the walk over the elements' lengths is done: safe in a process that must not
/// die of a hostile file. Nothing when the file's first bytes are not DICOM's or it cannot be read; a header that does
/// not come to its point within 256 KiB, or is deflated, gives empty UIDs.
std::optional<HeaderUids> read_header_uids(const std::filesystem::path& file);

}  // namespace lumbargrade
