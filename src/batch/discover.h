#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lumbargrade {

/// One study to grade.
struct StudyFolder {
  std::string study_id;                      ///< unique in its data set, fit for tables (printable_name)
  std::filesystem::path folder;              ///< that holds the study; also an archive, or a file that a list names
  std::vector<std::filesystem::path> files;  ///< the study's own, where the folder holds others too; empty: all
  std::string study_instance_uid;            ///< of an archive of several studies, the one; empty elsewhere
};

/// A study that has no result, and why.
struct StudyFailure {
  std::string study_id;
  std::string stage;  ///< "discover", "read", "levels", "grade", "write", "process"
  std::string reason;
  std::string file;  ///< or folder
};

/// The order of failures in tables: by id, then by file.
bool comes_first(const StudyFailure& a, const StudyFailure& b);

struct Discovery {
  std::vector<StudyFolder> studies;  ///< sorted by id, each id once
  std::vector<StudyFailure>
      failures;                    ///< what was named but is not there, unreadable folders, broken links, repeated ids
  std::vector<std::string> notes;  ///< what else was left out
};

/// Which files are one study.
enum class StudyDepth {
  Auto,    ///< those of one StudyInstanceUID, see discover_studies
  Leaf,    ///< those of a folder that holds files; no file is opened
  Parent,  ///< those of the folder above the folders that hold files; no file is opened
};

struct DiscoverOptions {
  StudyDepth depth = StudyDepth::Auto;
  bool join_studies = false;  ///< Auto: one patient's files of one day are one study, whatever their StudyInstanceUIDs
};

/// Finds the studies of a data set:
/// - a folder: searched at any depth through links, loops of links cut; hidden folders and `excluded` left out;
/// - a .csv file: studies in the column `path`, or below the list's folder in `study_id`;
/// - an archive: its studies;
/// - any other file: one study per line; blank lines and lines with # are skipped.
/// A listed study is a folder or what else `load_study` takes. Relative paths are below the list's own folder.
///
/// In a folder (Auto) files of one StudyInstanceUID are one study wherever they lie, save copies of a whole study,
/// which stay apart. Files without that UID go by their folder: with its other files, else with the folder above (right
/// below the data set: with the folder itself). So does the challenge's layout, {train,test}_images/<study>/<series>/
/// or <digits>/<digits>/, where at most one file per folder is opened. A zip or tar outside of all studies is a study,
/// or as many as its files name.
///
/// A study is called by the shortest end of its folder's path that tells it apart, without parts that every export has
/// ("DICOM", "ST0", "scans"); where one folder or archive holds several studies the UID follows. An id that occurs
/// twice all the same is a failure of both: results could not be told apart. Throws Error (NoUsableStudy) when
/// `data_set` does not exist, (Usage) when it is no list either.
Discovery discover_studies(const std::filesystem::path& data_set, const std::filesystem::path& excluded,
                           const DiscoverOptions& options = {});

}  // namespace lumbargrade
