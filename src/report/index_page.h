#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// One study of a data set, as its index lists it.
struct IndexedStudy {
  std::string study_id;
  std::string folder;  ///< of its page, relative to the index, with "/" between names
  std::array<Severity, kFindingCount> grades{};
  double least_level_confidence = 1;  ///< the lowest of its rows
  double mean_probability = 1;        ///< of the grades that were given
  std::vector<std::string> flags;     ///< each once
  std::vector<std::string> warnings;
};

/// A study without result.
struct IndexedFailure {
  std::string study_id;
  std::string stage;
  std::string reason;
};

/// index.html of a data set: one file beside the studies' folders, without network. Studies that need a look stand
/// first: those with grave flags, then with cautions, then the least certain; its columns sort by a script that the
/// page brings along and that nothing else depends on. Thumbnails are loaded as they come into view. Failures with
/// their reasons, and how many studies have each grade of each finding.
std::string index_page(std::vector<IndexedStudy> studies, const std::vector<IndexedFailure>& failures,
                       const std::string& created_utc, const std::string& program);

/// Names of the files in a study's folder.
inline constexpr const char* kStudyPageFile = "report.html";
inline constexpr const char* kThumbnailFile = "thumbnail.png";

}  // namespace lumbargrade
