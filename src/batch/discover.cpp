#include "batch/discover.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "batch/study_name.h"
#include "core/csv.h"
#include "core/error.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";  // of text saved on Windows

// What lies beside DICOM files in data sets and is none.
constexpr std::array<std::string_view, 16> kOtherExtensions = {".csv",  ".txt", ".json", ".md",  ".png", ".jpg",
                                                               ".jpeg", ".pdf", ".html", ".xml", ".log", ".nii",
                                                               ".gz",   ".exe", ".inf",  ".yaml"};

std::string study_id_of(const fs::path& path) {
  return utf8_name(name_from_path(path));
}

bool may_be_dicom(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.starts_with(".") || name == "DICOMDIR") return false;
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kOtherExtensions.begin(), kOtherExtensions.end(), extension) == kOtherExtensions.end();
}

/// A folder's identity, by which a loop of links is seen.
using FolderKey = std::pair<dev_t, ino_t>;

class FolderSearch {
 public:
  FolderSearch(fs::path root, fs::path excluded, StudyDepth depth)
      : root_(std::move(root)), excluded_(std::move(excluded)), depth_(depth) {}

  Discovery run() {
    visit(root_, 0);
    for (const fs::path& folder : studies_) found_.studies.push_back({study_id_of(folder), folder});
    return std::move(found_);
  }

 private:
  void fail(const fs::path& folder, const std::string& reason) {
    found_.failures.push_back({study_id_of(folder), "discover", reason, folder.string()});
  }

  void visit(const fs::path& folder, int depth) {
    struct stat status {};
    if (stat(folder.c_str(), &status) != 0) return fail(folder, "the folder cannot be reached");
    const FolderKey key{status.st_dev, status.st_ino};
    if (std::find(above_.begin(), above_.end(), key) != above_.end()) return;  // a link back up
    if (depth > kDeepest) return fail(folder, "the folder lies too deep");
    above_.push_back(key);
    scan(folder, depth);
    above_.pop_back();
  }

  void scan(const fs::path& folder, int depth) {
    std::error_code problem;
    fs::directory_iterator entries(folder, problem);
    if (problem) return fail(folder, "cannot read the folder: " + problem.message());
    bool holds_files = false;
    std::vector<fs::path> folders;
    for (const fs::directory_iterator end; entries != end && !problem; entries.increment(problem)) {
      if (entries->is_directory(problem)) {
        if (is_searched(entries->path())) folders.push_back(entries->path());
      } else {
        holds_files = holds_files || may_be_dicom(entries->path());
      }
      problem.clear();
    }
    if (holds_files) add(folder, depth);
    for (const fs::path& inner : folders) visit(inner, depth + 1);
  }

  bool is_searched(const fs::path& folder) const {
    std::error_code ignored;
    if (folder.filename().string().starts_with(".")) return false;
    return excluded_.empty() || !fs::equivalent(folder, excluded_, ignored);
  }

  void add(const fs::path& leaf, int depth) {
    const bool is_study = depth_ == StudyDepth::Leaf || depth == 0 || (depth_ == StudyDepth::Auto && depth == 1);
    const fs::path study = is_study ? leaf : leaf.parent_path();
    // A folder with files of its own above its series is one study, not two.
    for (fs::path above = study.parent_path(); above != root_ && above.has_relative_path();
         above = above.parent_path()) {
      if (studies_.count(above) > 0) return;
    }
    studies_.insert(study);
  }

  fs::path root_;
  fs::path excluded_;
  StudyDepth depth_;
  std::vector<FolderKey> above_;
  std::set<fs::path> studies_;
  Discovery found_;
};

/// The studies at the named places, each taken once however often and in whatever spelling it is named.
Discovery listed(const std::vector<fs::path>& named) {
  Discovery found;
  std::set<fs::path> seen;
  std::error_code ignored;
  for (const fs::path& path : named) {
    if (!seen.insert((path / "").lexically_normal()).second) continue;
    if (fs::exists(path, ignored)) {
      found.studies.push_back({study_id_of(path), path});
    } else {
      found.failures.push_back({study_id_of(path), "discover", "the list names what is not there", path.string()});
    }
  }
  return found;
}

Discovery read_csv_list(const fs::path& list) {
  const CsvTable table = read_csv(list);
  auto column = table.column("path");
  if (!column) column = table.column("study_id");
  if (!column) {
    throw Error(ErrorKind::Usage, text(list.string(), " has neither a column path nor a column study_id"));
  }
  std::vector<fs::path> named;  // a table with several rows per study names it several times
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const std::string& name = table.rows[i][*column];
    if (name.empty()) {
      throw Error(ErrorKind::Usage, text(list.string(), ", line ", table.lines[i], ": names no study in the column ",
                                         table.header[*column]));
    }
    named.push_back(list.parent_path() / name);
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
                              text(count[study.study_id], " folders have this study id; rename them or list one"),
                              study.folder.string()});
    return true;
  });
  std::sort(found.failures.begin(), found.failures.end(), comes_first);
}

}  // namespace

bool comes_first(const StudyFailure& a, const StudyFailure& b) {
  return std::tie(a.study_id, a.file) < std::tie(b.study_id, b.file);
}

Discovery discover_studies(const fs::path& data_set, const fs::path& excluded, StudyDepth depth) {
  if (!fs::exists(data_set)) throw Error(ErrorKind::NoUsableStudy, text(data_set.string(), " does not exist"));
  Discovery found;
  if (fs::is_directory(data_set)) {
    found = FolderSearch(data_set, excluded, depth).run();
  } else if (data_set.extension() == ".csv") {
    found = read_csv_list(data_set);
  } else {
    found = read_text_list(data_set);
  }
  keep_unique_ids(found);
  return found;
}

}  // namespace lumbargrade
