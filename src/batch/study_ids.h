#pragma once

#include <string>
#include <vector>

namespace lumbargrade {

/// Where a study lies, for its name.
struct StudyPlace {
  std::vector<std::string> parts;  ///< of the path, the data set's own name first; the last may be "folder/UID"
  std::string extension;           ///< of an archive, left out of its last part
  bool keeps_short_name = false;   ///< it is called by its last part wherever that alone is unique
};

/// A name for each study, in the order given: the shortest end of its path that tells it apart. All studies that do not
/// keep a short name get equally many parts where their paths have them, so that `sub-01/ses-01` stands beside
/// `sub-01/ses-02` also where the latter's last part is unique. Parts that exports have everywhere ("DICOM", "PAT0",
/// "ST0", and XNAT's "scans/.../resources/...") are left out at the end where the rest tells the studies apart. Names
/// can be equal only where the whole places are.
std::vector<std::string> study_ids(const std::vector<StudyPlace>& places);

}  // namespace lumbargrade
