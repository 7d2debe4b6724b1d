#include "batch/study_grouping.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "core/parallel.h"
#include "study/header_uids.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFilesAtOnce = 256;

bool is_all_digits(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

/// {train,test}_images/<study>/<series>
bool has_challenge_layout(const DataFolder& place, const fs::path& root) {
  if (place.depth < 2) return false;
  const fs::path above = place.relative.parent_path().parent_path();
  const fs::path name = (above.empty() ? fs::absolute(root).lexically_normal() : above).filename();
  return name == "train_images" || name == "test_images";
}

/// <digits>/<digits>: the same without the folder above.
bool looks_like_challenge(const DataFolder& place) {
  return place.depth >= 2 && is_all_digits(place.relative.filename().string()) &&
         is_all_digits(place.relative.parent_path().filename().string());
}

/// What the headers of some files of one folder say.
struct Said {
  std::string first_uid;     ///< the least of their StudyInstanceUIDs
  std::uint64_t digest = 0;  ///< of their images, whatever their order: equal for copies
  bool is_complete = true;   ///< every image has UIDs
  std::vector<fs::path> files;

  void add_uid(const std::string& uid) {
    if (!uid.empty() && (first_uid.empty() || uid < first_uid)) first_uid = uid;
  }

  void add(const Said& other) {
    add_uid(other.first_uid);
    digest += other.digest;
    is_complete = is_complete && other.is_complete;
    files.insert(files.end(), other.files.begin(), other.files.end());
  }
};

/// By study_key.
using SaidByKey = std::map<std::string, Said>;

/// What the files of one study have in common; empty where the header does not tell.
std::string study_key(const HeaderUids& uids, bool joins) {
  const bool is_told = joins && !uids.patient_id.empty();
  return is_told ? text(uids.patient_id, "\\", uids.study_date) : uids.study_instance_uid;
}

void take_header(SaidByKey& said, const fs::path& file, bool joins) {
  const auto uids = read_header_uids(file);
  if (!uids) return;
  Said& here = said[study_key(*uids, joins)];
  here.add_uid(uids->study_instance_uid);
  here.digest += std::hash<std::string>()(uids->series_instance_uid + "/" + uids->sop_instance_uid);
  here.is_complete = here.is_complete && !uids->series_instance_uid.empty() && !uids->sop_instance_uid.empty();
  here.files.push_back(file);
}

/// Some files of one folder, to be read by one thread.
struct Portion {
  size_t place = 0;
  size_t first = 0;
  size_t last = 0;
};

std::vector<SaidByKey> read_all(const std::vector<const DataFolder*>& places, const GroupingOptions& options) {
  std::vector<Portion> portions;
  for (size_t i = 0; i < places.size(); ++i) {
    const size_t count = places[i]->files.size();
    for (size_t first = 0; first < count; first += kFilesAtOnce) {
      portions.push_back({i, first, std::min(first + kFilesAtOnce, count)});
    }
  }
  std::vector<SaidByKey> by_portion(portions.size());
  for_each_index(portions.size(), options.threads, [&](size_t k) {
    const DataFolder& place = *places[portions[k].place];
    for (size_t i = portions[k].first; i < portions[k].last; ++i)
      take_header(by_portion[k], place.path / place.files[i], options.joins);
  });
  std::vector<SaidByKey> by_place(places.size());
  for (size_t k = 0; k < portions.size(); ++k) {
    for (const auto& [key, said] : by_portion[k]) by_place[portions[k].place][key].add(said);
  }
  return by_place;
}

/// One folder's share of a study, with what tells copies.
struct Share {
  const DataFolder* place = nullptr;
  Said said;
};

using Shares = std::vector<Share>;

/// The part of a share's folder at this depth; empty where its path ends before.
std::string part_at(const Share& share, int depth) {
  auto part = share.place->relative.begin();
  for (int i = 0; i < depth && part != share.place->relative.end(); ++i) ++part;
  return part == share.place->relative.end() ? std::string() : part->string();
}

bool are_copies(const std::map<std::string, Shares>& branches) {
  std::set<std::pair<std::uint64_t, size_t>> contents;
  for (const auto& [name, shares] : branches) {
    Said all;
    for (const Share& share : shares) all.add(share.said);
    if (!all.is_complete) return false;
    contents.insert({all.digest, all.files.size()});
  }
  return contents.size() == 1;
}

/// Splits what has one UID into its copies: the same images below each of several folders.
void split_copies(Shares shares, int depth, std::vector<Shares>& copies) {
  std::map<std::string, Shares> branches;
  const int deepest = std::max_element(shares.begin(), shares.end(), [](const Share& a, const Share& b) {
                        return a.place->depth < b.place->depth;
                      })->place->depth;
  for (; depth < deepest; ++depth) {
    branches.clear();
    for (const Share& share : shares) branches[part_at(share, depth)].push_back(share);
    if (branches.size() > 1) break;
  }
  if (branches.size() < 2 || !are_copies(branches)) {
    copies.push_back(std::move(shares));
    return;
  }
  for (auto& [name, branch] : branches) split_copies(std::move(branch), depth + 1, copies);
}

fs::path common_folder(const fs::path& a, const fs::path& b) {
  fs::path common;
  auto other = b.begin();
  for (auto part = a.begin(); part != a.end() && other != b.end() && *part == *other; ++part, ++other) common /= *part;
  return common;
}

class Grouping {
 public:
  Grouping(const FolderWalk& walk, const fs::path& root, const GroupingOptions& options)
      : walk_(walk), root_(root), options_(options) {}

  StudyGroups run() {
    sort_out_usual_layout();
    group_by_uid();
    count_studies_below();
    for (StudyGroup& group : groups_.studies) place_in_folder(group);
    return std::move(groups_);
  }

 private:
  /// The challenge's layout goes by folders; the others are left for their headers.
  void sort_out_usual_layout() {
    std::map<fs::path, std::vector<const DataFolder*>> usual, perhaps;
    for (const DataFolder& place : walk_.folders) {
      if (place.files.empty()) continue;
      if (has_challenge_layout(place, root_)) {
        usual[place.relative.parent_path()].push_back(&place);
      } else if (looks_like_challenge(place)) {
        perhaps[place.relative.parent_path()].push_back(&place);
      } else {
        others_.push_back(&place);
      }
    }
    keep_if_one_study(perhaps, usual);
    for (const auto& [folder, places] : usual) {
      StudyGroup group;
      group.folder = folder;
      group.has_usual_layout = true;
      for (const DataFolder* place : places) group.parts.push_back({place, {}});
      groups_.studies.push_back(std::move(group));
    }
  }

  /// By the header of one file in each folder.
  void keep_if_one_study(const std::map<fs::path, std::vector<const DataFolder*>>& perhaps,
                         std::map<fs::path, std::vector<const DataFolder*>>& usual) {
    std::vector<std::pair<fs::path, std::vector<const DataFolder*>>> list(perhaps.begin(), perhaps.end());
    std::vector<char> is_one(list.size());
    for_each_index(list.size(), options_.threads, [&](size_t i) {
      std::set<std::string> keys;
      for (const DataFolder* place : list[i].second) {
        const auto header = read_header_uids(place->path / place->files.front());
        const std::string key = header ? study_key(*header, options_.joins) : "";
        if (!key.empty()) keys.insert(key);
      }
      is_one[i] = keys.size() < 2;
    });
    for (size_t i = 0; i < list.size(); ++i) {
      if (is_one[i]) {
        usual.insert(list[i]);
      } else {
        others_.insert(others_.end(), list[i].second.begin(), list[i].second.end());
      }
    }
  }

  void group_by_uid() {
    const std::vector<SaidByKey> said = read_all(others_, options_);
    std::map<fs::path, std::set<std::string>> keys_in_folder;
    for (size_t i = 0; i < others_.size(); ++i) {
      for (const auto& [key, files] : said[i]) {
        if (!key.empty()) keys_in_folder[study_folder_of(*others_[i])].insert(key);
      }
    }
    std::map<std::string, Shares> by_key;
    std::map<fs::path, Shares> by_folder;
    for (size_t i = 0; i < others_.size(); ++i) {
      if (said[i].empty()) groups_.without_dicom.push_back(others_[i]);
      for (const auto& [key, files] : said[i]) {
        const Share share{others_[i], files};
        if (!key.empty()) {
          by_key[key].push_back(share);
        } else {
          place_by_folder(share, said[i], keys_in_folder[study_folder_of(*others_[i])], by_key, by_folder);
        }
      }
    }
    for (auto& [key, shares] : by_key) {
      std::vector<Shares> copies;
      split_copies(std::move(shares), 0, copies);
      for (const Shares& one : copies) add_group(one);
    }
    for (const auto& [folder, shares] : by_folder) add_group(shares);
  }

  /// Files without StudyInstanceUID.
  void place_by_folder(const Share& share, const SaidByKey& beside, const std::set<std::string>& keys_above,
                       std::map<std::string, Shares>& by_key, std::map<fs::path, Shares>& by_folder) {
    if (beside.size() == 2) {
      by_key[beside.rbegin()->first].push_back(share);  // "" sorts first
    } else if (beside.size() > 2) {
      groups_.failures.push_back({name_from_path(share.place->path), "discover",
                                  text(share.said.files.size(), " files without StudyInstanceUID lie among ",
                                       beside.size() - 1, " studies; put them into the folder of theirs"),
                                  share.place->path.string()});
    } else if (keys_above.size() == 1) {
      by_key[*keys_above.begin()].push_back(share);
    } else {
      by_folder[study_folder_of(*share.place)].push_back(share);
    }
  }

  void add_group(const Shares& shares) {
    StudyGroup group;
    Said all;
    for (const Share& share : shares) all.add_uid(share.said.first_uid);
    group.study_instance_uid = all.first_uid;
    std::map<const DataFolder*, size_t> place_of;  // a folder's files with and without the UID are one part
    for (const Share& share : shares) {
      const auto [known, is_new] = place_of.emplace(share.place, group.parts.size());
      if (is_new) group.parts.push_back({share.place, {}});
      auto& files = group.parts[known->second].files;
      files.insert(files.end(), share.said.files.begin(), share.said.files.end());
    }
    group.folder = group.parts.front().place->relative;
    for (const StudyPart& part : group.parts) group.folder = common_folder(group.folder, part.place->relative);
    groups_.studies.push_back(std::move(group));
  }

  void count_studies_below() {
    for (size_t i = 0; i < groups_.studies.size(); ++i) {
      for (const StudyPart& part : groups_.studies[i].parts) {
        for (fs::path folder = part.place->relative;; folder = folder.parent_path()) {
          const auto [known, is_new] = below_.emplace(folder.string(), i);
          if (!is_new && known->second != i) known->second.reset();
          if (folder.empty()) break;
        }
      }
    }
  }

  bool is_alone_in(const fs::path& folder) const { return below_.at(folder.string()).has_value(); }

  /// A study whose files all lie in one folder is known by the folder above, as in STUDY/SERIES, if that is its own.
  void place_in_folder(StudyGroup& group) const {
    if (!group.has_usual_layout && group.parts.size() == 1) {
      const fs::path above = study_folder_of(*group.parts.front().place);
      if (is_alone_in(above)) group.folder = above;
    }
    group.has_folder_alone = is_alone_in(group.folder);
  }

  const FolderWalk& walk_;
  const fs::path& root_;
  GroupingOptions options_;
  std::vector<const DataFolder*> others_;
  StudyGroups groups_;
  std::unordered_map<std::string, std::optional<size_t>> below_;  ///< the study below a folder; nothing: several
};

}  // namespace

StudyGroups group_by_study(const FolderWalk& walk, const fs::path& root, const GroupingOptions& options) {
  return Grouping(walk, root, options).run();
}

fs::path study_folder_of(const DataFolder& place) {
  return place.depth <= 1 ? place.relative : place.relative.parent_path();
}

}  // namespace lumbargrade
