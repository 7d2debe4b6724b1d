#include "batch/discover.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "batch/folder_walk.h"
#include "batch/study_grouping.h"
#include "batch/study_ids.h"
#include "core/available_cores.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/parallel.h"
#include "core/printable_text.h"
#include "core/table.h"
#include "dicom/structure.h"
#include "study/archive.h"
#include "study/header_uids.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // of text saved on Windows
constexpr int kMostReaders = 16;                             // headers wait for the disk more than for a core
constexpr std::uintmax_t kLargestList = std::uintmax_t{64} << 20;
constexpr size_t kMostNamed = 5;  // folders in one message

std::vector<std::string> parts_of(const fs::path& path) {
  std::vector<std::string> parts;
  for (const fs::path& part : path) {
    if (!part.empty() && part != "/") parts.push_back(part.string());
  }
  return parts;
}

/// A study that has been found, not yet named.
struct FoundStudy {
  StudyFolder study;
  StudyPlace place;
};

/// Splits the extension off the last part of an archive's place.
void split_extension(StudyPlace& place, const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return;
  std::string& last = place.parts.back();
  const std::string stem = name_from_path(file);
  if (!last.starts_with(stem)) return;
  place.extension = last.substr(stem.size());
  last = stem;
}

Discovery with_ids(std::vector<FoundStudy> found) {
  std::vector<StudyPlace> places;
  for (const FoundStudy& one : found) places.push_back(one.place);
  const std::vector<std::string> ids = study_ids(places);
  Discovery discovery;
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].study.study_id = ids[i];
    discovery.studies.push_back(std::move(found[i].study));
  }
  return discovery;
}

/// What the headers of an archive's files say.
struct ArchiveStudies {
  std::set<std::string> study_instance_uids;
  size_t files_without_uid = 0;  ///< DICOM files that name no study
};

/// Reads the beginnings of an archive's files. Empty where it cannot be read: whoever grades it says why.
ArchiveStudies studies_in_archive(const fs::path& archive) {
  ArchiveStudies studies;
  const auto take = [&](const ArchiveEntry& entry) {
    const auto header = header_uids_of(entry.bytes.bytes);
    if (!header) return;
    if (header->study_instance_uid.empty()) {
      ++studies.files_without_uid;
    } else {
      studies.study_instance_uids.insert(header->study_instance_uid);
    }
  };
  try {
    for_each_entry(archive, take, {}, kMostHeaderBytes);
  } catch (const Error&) {
    return {};
  }
  return studies;
}

/// Turns the folders of a data set into studies.
class FolderDiscovery {
 public:
  FolderDiscovery(const fs::path& root, FolderWalk walk, const DiscoverOptions& options)
      : root_(root), walk_(std::move(walk)), options_(options), root_name_(name_from_path(root)) {}

  Discovery run() {
    options_.depth == StudyDepth::Auto ? group_by_uid() : group_by_folder();
    add_archives();
    report_broken_links();
    const std::vector<std::string> bare = bare_folders();
    Discovery discovery = with_ids(std::move(found_));
    discovery.failures = std::move(failures_);
    discovery.failures.insert(discovery.failures.end(), walk_.failures.begin(), walk_.failures.end());
    if (left_out_ > 0) {
      discovery.notes.push_back(text(left_out_, " folders beside the studies hold no DICOM file and were left out"));
    }
    if (!bare.empty()) {
      const std::span<const std::string> named(bare.data(), std::min(bare.size(), kMostNamed));
      const std::string rest = bare.size() > named.size() ? text(" and ", bare.size() - named.size(), " more") : "";
      discovery.notes.push_back(text("no DICOM file in ", joined(named), rest, ": left out"));
    }
    return discovery;
  }

 private:
  /// Folders without any file that may be DICOM, outside of studies: perhaps studies whose files did not arrive.
  std::vector<std::string> bare_folders() const {
    std::vector<std::string> names;
    for (const fs::path& folder : walk_.bare) {
      if (!folder.empty() && !is_in_study(folder)) names.push_back(printable_name(folder.string()));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  static int reader_count() { return std::min(kMostReaders, 4 * available_cores()); }

  void group_by_uid() {
    const StudyGroups groups = group_by_study(walk_, root_, {reader_count(), options_.join_studies});
    failures_ = groups.failures;
    for (const StudyGroup& group : groups.studies) add(group);
    for (const DataFolder* place : groups.without_dicom) add_without_dicom(*place);
  }

  void add(const StudyGroup& group) {
    FoundStudy found;
    found.study.folder = group.folder.empty() ? root_ : root_ / group.folder;
    found.place.parts = parts_below(group.folder);
    found.place.keeps_short_name = group.has_usual_layout;
    const int folder_depth = static_cast<int>(found.place.parts.size()) - 1;
    bool lies_behind_links = false;
    for (const StudyPart& part : group.parts) {
      tops_.insert(top_of(part.place->relative));
      lies_behind_links = lies_behind_links || part.place->link_depth > folder_depth;
    }
    if (group.has_folder_alone) {
      folders_.insert(group.folder);
    } else {
      found.place.parts.back() += "/" + group.study_instance_uid;
    }
    if (!group.has_folder_alone || lies_behind_links) found.study.files = files_of(group);
    found_.push_back(std::move(found));
  }

  static std::vector<fs::path> files_of(const StudyGroup& group) {
    std::vector<fs::path> files;
    for (const StudyPart& part : group.parts) {
      files.insert(files.end(), part.files.begin(), part.files.end());
      if (!part.files.empty()) continue;  // read by name only: the challenge's layout
      for (const std::string& name : part.place->files) files.push_back(part.place->path / name);
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  /// Files that look like DICOM by name and are not: a study that cannot be read, unless they lie beside studies.
  void add_without_dicom(const DataFolder& place) {
    const bool is_beside_studies =
        place.depth == 0 ? !found_.empty() : is_in_study(place.relative) || tops_.contains(top_of(place.relative));
    if (is_beside_studies) {
      ++left_out_;
    } else {
      add_folder(study_folder_of(place));
    }
  }

  void add_folder(const fs::path& folder) {
    if (!folders_.insert(folder).second) return;
    found_.push_back({{"", folder.empty() ? root_ : root_ / folder, {}, ""}, {parts_below(folder), "", false}});
  }

  /// A folder with files of its own above its series is one study, not two.
  void group_by_folder() {
    for (const DataFolder& place : walk_.folders) {
      if (place.files.empty()) continue;
      const bool is_leaf = options_.depth == StudyDepth::Leaf || place.depth == 0;
      const fs::path folder = is_leaf ? place.relative : place.relative.parent_path();
      if (folder.empty() || !is_in_study(folder.parent_path())) add_folder(folder);
    }
  }

  /// An archive outside of studies.
  struct Archive {
    fs::path path;
    fs::path relative;
    ArchiveStudies content;
  };

  void add_archives() {
    std::vector<Archive> archives;
    for (const DataFolder& place : walk_.folders) {
      if (place.depth > 0 && is_in_study(place.relative)) continue;
      for (const std::string& name : place.archives) archives.push_back({place.path / name, place.relative / name, {}});
      for (const std::string& name : place.other_archives) {
        fail(name, "archives of this kind are not read; unpack it, or pack it as zip or tar", place.path / name);
      }
    }
    if (options_.depth == StudyDepth::Auto && !options_.join_studies) {
      for_each_index(archives.size(), reader_count(),
                     [&](size_t i) { archives[i].content = studies_in_archive(archives[i].path); });
    }
    for (const Archive& archive : archives) add_archive(archive);
  }

  void add_archive(const Archive& archive) {
    FoundStudy whole{{"", archive.path, {}, ""}, {parts_below(archive.relative), "", false}};
    split_extension(whole.place, archive.path);
    const auto& uids = archive.content.study_instance_uids;
    if (uids.size() < 2) return found_.push_back(std::move(whole));
    for (const std::string& uid : uids) {
      FoundStudy one = whole;
      one.study.study_instance_uid = uid;
      one.place.parts.back() += "/" + uid;
      found_.push_back(std::move(one));
    }
    if (archive.content.files_without_uid == 0) return;
    failures_.push_back({whole.place.parts.back(), "discover",
                         text(archive.content.files_without_uid, " files without StudyInstanceUID lie among ",
                              uids.size(), " studies; give them an archive of their own"),
                         archive.path.string()});
  }

  /// Those within a study are reported when it is read.
  void report_broken_links() {
    std::map<fs::path, size_t> counts;
    for (const DataFolder& place : walk_.folders) {
      if (place.broken_links.empty() || is_in_study(place.relative)) continue;
      if (place.depth > 0) {
        counts[study_folder_of(place)] += place.broken_links.size();
        continue;
      }
      for (const std::string& name : place.broken_links) fail(name, "the link leads nowhere", root_ / name);
    }
    for (const auto& [folder, count] : counts) {
      fail(folder.filename().string(),
           text(count, " files are links that lead nowhere (content that was not fetched?)"), root_ / folder);
    }
  }

  void fail(const std::string& name, const std::string& reason, const fs::path& path) {
    failures_.push_back({printable_name(name), "discover", reason, path.string()});
  }

  bool is_in_study(fs::path folder) const {
    for (;; folder = folder.parent_path()) {
      if (folders_.contains(folder)) return true;
      if (folder.empty()) return false;
    }
  }

  static std::string top_of(const fs::path& relative) { return relative.empty() ? "" : relative.begin()->string(); }

  std::vector<std::string> parts_below(const fs::path& relative) const {
    std::vector<std::string> parts = {root_name_};
    for (std::string& part : parts_of(relative)) parts.push_back(std::move(part));
    return parts;
  }

  const fs::path& root_;
  FolderWalk walk_;
  DiscoverOptions options_;
  std::string root_name_;
  std::vector<FoundStudy> found_;
  std::vector<StudyFailure> failures_;
  std::set<fs::path> folders_;  ///< of studies that have one of their own, relative
  std::set<std::string> tops_;  ///< first parts of the ways to studies
  size_t left_out_ = 0;
};

/// The studies at the named places, each taken once however often and in whatever spelling it is named.
Discovery listed(const std::vector<fs::path>& named) {
  std::vector<FoundStudy> studies;
  std::vector<StudyFailure> failures;
  std::set<fs::path> seen;
  std::error_code ignored;
  for (const fs::path& path : named) {
    const fs::path normal = (fs::absolute(path) / "").lexically_normal();
    if (!seen.insert(normal).second) continue;
    if (!fs::exists(path, ignored)) {
      failures.push_back({name_from_path(path), "discover", "the list names what is not there", path.string()});
      continue;
    }
    StudyPlace place{parts_of(normal), "", false};
    if (place.parts.empty()) place.parts = {"root"};
    split_extension(place, path);
    studies.push_back({{"", path, {}, ""}, std::move(place)});
  }
  Discovery found = with_ids(std::move(studies));
  found.failures = std::move(failures);
  return found;
}

Discovery read_csv_list(const fs::path& list) {
  const Table table(list, ErrorKind::Usage);
  const bool has_paths = table.has("path");
  if (!has_paths && !table.has("study_id")) table.fail("has neither a column path nor a column study_id");
  std::vector<fs::path> named;  // a table with several rows per study names it several times
  for (const TableRow row : table) {
    named.push_back(list.parent_path() / (has_paths ? row.word("path") : row.id("study_id")));
  }
  return listed(named);
}

Discovery read_text_list(const fs::path& list) {
  std::ifstream file(list);
  if (!file) throw Error(ErrorKind::Failure, text("cannot read ", list.string()));
  std::vector<fs::path> named;
  for (std::string line; std::getline(file, line);) {
    if (named.empty() && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty() && line[0] != '#') named.push_back(list.parent_path() / line);
  }
  return listed(named);
}

/// One archive as a data set.
Discovery read_archive_as_data_set(const fs::path& archive, const DiscoverOptions& options) {
  const fs::path folder = archive.has_parent_path() ? archive.parent_path() : fs::path(".");
  FolderWalk walk;
  walk.folders.push_back({folder, {}, 0, 0, {}, {archive.filename().string()}, {}, {}});
  return FolderDiscovery(folder, std::move(walk), options).run();
}

/// A file that is to be a list, or an archive.
Discovery read_file_as_data_set(const fs::path& file, const DiscoverOptions& options) {
  std::error_code unknown;
  if (!fs::is_regular_file(file, unknown)) {
    throw Error(ErrorKind::Usage, text(file.string(), " is neither a folder nor a file"));
  }
  const std::vector<unsigned char> beginning = beginning_of(file);
  if (looks_like_archive(beginning)) return read_archive_as_data_set(file, options);
  if (dicom::looks_like_dicom(beginning)) {
    throw Error(ErrorKind::Usage,
                text(file.string(), " is a DICOM file, no data set; `lumbargrade grade` takes one study"));
  }
  if (fs::file_size(file, unknown) > kLargestList) {
    throw Error(ErrorKind::Usage,
                text(file.string(), " is larger than the ", kLargestList >> 20, " MiB that a list may have"));
  }
  return file.extension() == ".csv" ? read_csv_list(file) : read_text_list(file);
}

/// Sorts by id and moves ids that occur twice to the failures.
void keep_unique_ids(Discovery& found) {
  std::sort(found.studies.begin(), found.studies.end(), [](const StudyFolder& a, const StudyFolder& b) {
    return std::tie(a.study_id, a.folder) < std::tie(b.study_id, b.folder);
  });
  std::map<std::string, int> count;
  for (const StudyFolder& study : found.studies) ++count[study.study_id];
  std::erase_if(found.studies, [&](const StudyFolder& study) {
    if (count[study.study_id] == 1) return false;
    found.failures.push_back({study.study_id, "discover",
                              text(count[study.study_id], " studies have this id; rename their folders or list one"),
                              study.folder.string()});
    return true;
  });
  std::sort(found.failures.begin(), found.failures.end(), comes_first);
}

}  // namespace

bool comes_first(const StudyFailure& a, const StudyFailure& b) {
  return std::tie(a.study_id, a.file) < std::tie(b.study_id, b.file);
}

Discovery discover_studies(const fs::path& data_set, const fs::path& excluded, const DiscoverOptions& options) {
  if (!fs::exists(data_set)) throw Error(ErrorKind::NoUsableStudy, text(data_set.string(), " does not exist"));
  Discovery found = fs::is_directory(data_set)
                        ? FolderDiscovery(data_set, walk_folders(data_set, excluded), options).run()
                        : read_file_as_data_set(data_set, options);
  keep_unique_ids(found);
  return found;
}

}  // namespace lumbargrade
