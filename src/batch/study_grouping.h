#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "batch/folder_walk.h"

namespace lumbargrade {

/// The files of one folder that belong to one study.
struct StudyPart {
  const DataFolder* place = nullptr;
  std::vector<std::filesystem::path> files;
};

/// One study of a data set.
struct StudyGroup {
  std::string study_instance_uid;  ///< empty where folders decided; of joined studies the first
  std::vector<StudyPart> parts;    ///< in the order of the walk; empty parts: the whole folder, unread
  std::filesystem::path folder;    ///< relative to the data set, above all parts
  bool has_folder_alone = true;    ///< no other study lies in `folder`
  bool has_usual_layout = false;   ///< the challenge's
};

struct StudyGroups {
  std::vector<StudyGroup> studies;
  std::vector<const DataFolder*> without_dicom;  ///< folders in which no file is DICOM
  std::vector<StudyFailure> failures;
};

struct GroupingOptions {
  int threads = 1;     ///< that read headers
  bool joins = false;  ///< see DiscoverOptions::join_studies
};

/// Groups the files of a data set into studies: see discover_studies (Auto).
StudyGroups group_by_study(const FolderWalk& walk, const std::filesystem::path& root, const GroupingOptions& options);

/// The folder that is the study of files in `place` where folders decide: the one above, but the place itself right
/// below the data set. Relative to the data set.
std::filesystem::path study_folder_of(const DataFolder& place);

}  // namespace lumbargrade
