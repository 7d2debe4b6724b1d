#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "batch/discover.h"

namespace lumbargrade {

/// A folder of a data set, and what lies right in it. Names are sorted.
struct DataFolder {
  std::filesystem::path path;      ///< as it was reached, through links
  std::filesystem::path relative;  ///< the same below the data set; empty for the data set itself
  int depth = 0;                   ///< number of parts of `relative`
  int link_depth = 0;              ///< of the deepest part that is a link; 0 when none is
  std::vector<std::string> files;  ///< that may be DICOM, by their names
  std::vector<std::string> archives;
  std::vector<std::string> other_archives;  ///< of kinds that are not read
  std::vector<std::string> broken_links;
};

struct FolderWalk {
  std::vector<DataFolder> folders;          ///< that hold any of these
  std::vector<std::filesystem::path> bare;  ///< below the data set: folders that hold none of these and no folder
  std::vector<StudyFailure> failures;
};

/// Walks a data set through links; loops of links are cut, hidden folders and `excluded` left out. Opens no file.
FolderWalk walk_folders(const std::filesystem::path& root, const std::filesystem::path& excluded);

}  // namespace lumbargrade
