#include "batch/archive_studies.h"

#include <set>

#include "core/error.h"
#include "study/archive.h"
#include "study/header_uids.h"

namespace lumbargrade {

ArchiveStudies studies_in_archive(const std::filesystem::path& archive) {
  std::set<std::string> uids;
  ArchiveStudies studies;
  try {
    for_each_entry_start(archive, kMostHeaderBytes, [&](const ArchiveEntry& entry) {
      const auto header = header_uids_of(entry.bytes.bytes);
      if (!header) return;
      if (header->study_instance_uid.empty()) {
        ++studies.files_without_uid;
      } else {
        uids.insert(header->study_instance_uid);
      }
    });
  } catch (const Error&) {
    return {};
  }
  studies.study_instance_uids.assign(uids.begin(), uids.end());
  return studies;
}

}  // namespace lumbargrade
