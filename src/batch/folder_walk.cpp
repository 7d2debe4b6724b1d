#include "batch/folder_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "study/path_name.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;

// What lies beside DICOM files in data sets and is none.
constexpr std::array<std::string_view, 18> kOtherExtensions = {".csv",  ".txt", ".json", ".md",   ".png", ".jpg",
                                                               ".jpeg", ".pdf", ".html", ".xml",  ".log", ".nii",
                                                               ".gz",   ".exe", ".inf",  ".yaml", ".dll", ".chm"};

constexpr std::array<std::string_view, 4> kArchiveEndings = {".zip", ".tar", ".tgz", ".tar.gz"};
constexpr std::array<std::string_view, 7> kOtherArchiveEndings = {".7z", ".rar", ".bz2", ".tbz", ".xz", ".txz", ".zst"};

/// A file packed by itself is what is packed: "IM1.gz", "IM1.dcm.gz".
bool may_be_dicom(const std::string& lower_name) {
  if (lower_name.starts_with(".") || lower_name == "dicomdir") return false;
  const fs::path name(lower_name);
  const std::string extension = (name.extension() == ".gz" ? name.stem() : name).extension().string();
  return std::find(kOtherExtensions.begin(), kOtherExtensions.end(), extension) == kOtherExtensions.end();
}

template <typename Endings>
bool ends_with_one_of(const std::string& lower_name, const Endings& endings) {
  return !lower_name.starts_with(".") && std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) {
    return lower_name.ends_with(ending);
  });
}

/// A folder's identity, by which a loop of links is seen.
using FolderKey = std::pair<dev_t, ino_t>;

class FolderSearch {
 public:
  explicit FolderSearch(fs::path excluded) : excluded_(std::move(excluded)) {}

  FolderWalk run(const fs::path& root) {
    visit({root, {}, 0, 0, {}, {}, {}, {}});
    return std::move(walk_);
  }

 private:
  void fail(const DataFolder& folder, const std::string& reason) {
    walk_.failures.push_back({name_from_path(folder.path), "discover", reason, folder.path.string()});
  }

  void visit(DataFolder folder) {
    struct stat status {};
    if (stat(folder.path.c_str(), &status) != 0) return fail(folder, "the folder cannot be reached");
    const FolderKey key{status.st_dev, status.st_ino};
    if (std::find(above_.begin(), above_.end(), key) != above_.end()) return;  // a link back up
    if (folder.depth > kDeepest) return fail(folder, "the folder lies too deep");
    above_.push_back(key);
    scan(std::move(folder));
    above_.pop_back();
  }

  void scan(DataFolder folder) {
    std::error_code problem;
    fs::directory_iterator entries(folder.path, problem);
    if (problem) return fail(folder, "cannot read the folder: " + problem.message());
    std::vector<DataFolder> inner;
    for (const fs::directory_iterator end; entries != end && !problem; entries.increment(problem)) {
      take(*entries, folder, inner);
    }
    if (problem) fail(folder, "cannot read all of the folder: " + problem.message());
    bool is_empty = true;
    for (auto* names : {&folder.files, &folder.archives, &folder.other_archives, &folder.broken_links}) {
      std::sort(names->begin(), names->end());
      is_empty = is_empty && names->empty();
    }
    if (is_empty && inner.empty()) walk_.bare.push_back(folder.relative);
    if (!is_empty) walk_.folders.push_back(std::move(folder));
    for (DataFolder& next : inner) visit(std::move(next));
  }

  void take(const fs::directory_entry& entry, DataFolder& folder, std::vector<DataFolder>& inner) const {
    std::error_code unknown;
    const std::string name = entry.path().filename().string();
    const std::string lower_name = lower_case(name);
    if (entry.is_directory(unknown)) {
      if (!is_searched(entry.path())) return;
      const int depth = folder.depth + 1;
      const int link_depth = entry.is_symlink(unknown) ? depth : folder.link_depth;
      inner.push_back({entry.path(), folder.relative / name, depth, link_depth, {}, {}, {}, {}});
    } else if (entry.is_symlink(unknown) && !entry.exists(unknown)) {
      if (!name.starts_with(".")) folder.broken_links.push_back(name);
    } else if (!entry.is_regular_file(unknown)) {
      return;  // a device or pipe
    } else if (ends_with_one_of(lower_name, kArchiveEndings)) {
      folder.archives.push_back(name);
    } else if (ends_with_one_of(lower_name, kOtherArchiveEndings)) {
      folder.other_archives.push_back(name);
    } else if (may_be_dicom(lower_name)) {
      folder.files.push_back(name);
    }
  }

  bool is_searched(const fs::path& folder) const {
    std::error_code ignored;
    if (folder.filename().string().starts_with(".")) return false;
    return excluded_.empty() || !fs::equivalent(folder, excluded_, ignored);
  }

  fs::path excluded_;
  std::vector<FolderKey> above_;
  FolderWalk walk_;
};

}  // namespace

FolderWalk walk_folders(const fs::path& root, const fs::path& excluded) {
  return FolderSearch(excluded).run(root);
}

}  // namespace lumbargrade
