#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lumbargrade {

/// One study to grade.
struct StudyFolder {
  std::string study_id;          ///< its name as valid UTF-8, see name_from_path and utf8_name
  std::filesystem::path folder;  ///< a list may also name an archive or a file
};

/// A study that has no result, and why.
struct StudyFailure {
  std::string study_id;
  std::string stage;  ///< "discover", "read", "levels", "grade", "write"
  std::string reason;
  std::string file;  ///< or folder
};

/// The order of failures in tables: by id, then by file.
bool comes_first(const StudyFailure& a, const StudyFailure& b);

struct Discovery {
  std::vector<StudyFolder> studies;    ///< sorted by id, each id once
  std::vector<StudyFailure> failures;  ///< what was named but is not there, unreadable folders, repeated ids
};

/// Which folders are studies. DICOM files are not opened: finding 5,000 studies must not take 5,000 reads.
enum class StudyDepth {
  Auto,    ///< the folder above the folders that hold files; right below the data set, the folder with files itself
  Leaf,    ///< every folder that holds files
  Parent,  ///< always the folder above the folders that hold files
};

/// Finds the studies of a data set:
/// - a folder: searched at any depth through links, loops of links cut; hidden folders and `excluded` left out. Below
///   the challenge's layout `{train,test}_images/<study>/<series>/` this gives one study per <study>;
/// - a .csv file: studies in the column `path`, or below the list's folder in `study_id`;
/// - any other file: one study per line; blank lines and lines with # are skipped.
/// A listed study is a folder or what else `load_study` takes. Relative paths are below the list's own folder. An id
/// that occurs twice is a failure of both: results could not be told apart. Throws Error (NoUsableStudy) when
/// `data_set` does not exist.
Discovery discover_studies(const std::filesystem::path& data_set, const std::filesystem::path& excluded,
                           StudyDepth depth = StudyDepth::Auto);

}  // namespace lumbargrade
