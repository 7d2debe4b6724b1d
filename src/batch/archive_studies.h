#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lumbargrade {

/// What the headers of an archive's files say.
struct ArchiveStudies {
  std::vector<std::string> study_instance_uids;  ///< sorted, each once
  size_t files_without_uid = 0;                  ///< DICOM files that name no study
};

/// Reads the beginnings of an archive's files. Empty where it cannot be read: whoever grades it says why.
ArchiveStudies studies_in_archive(const std::filesystem::path& archive);

}  // namespace lumbargrade
