#include "batch/study_ids.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string_view>

#include "core/joined.h"
#include "core/printable_text.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

constexpr std::array<std::string_view, 8> kEverywhere = {"dicom", "dicoms", "dcm",    "images",
                                                         "scans", "files",  "series", "resources"};
// Followed by digits: DICOMDIR media call their folders so.
constexpr std::array<std::string_view, 7> kNumbered = {"pat", "pa", "pt", "st", "se", "std", "dir"};

bool is_everywhere(const std::string& part) {
  const std::string name = lower_case(part);
  if (std::find(kEverywhere.begin(), kEverywhere.end(), name) != kEverywhere.end()) return true;
  const size_t letters = std::min(name.find_first_of("0123456789"), name.size());
  const bool ends_in_digits =
      letters < name.size() && name.find_first_not_of("0123456789", letters) == std::string::npos;
  const std::string_view word = std::string_view(name).substr(0, letters);
  return ends_in_digits && std::find(kNumbered.begin(), kNumbered.end(), word) != kNumbered.end();
}

/// XNAT's SESSION/scans/1/resources/DICOM/files.
void cut_xnat(std::vector<std::string>& parts) {
  const auto scans = std::find(parts.begin(), parts.end(), "scans");
  if (scans == parts.begin() || scans == parts.end()) return;
  if (std::find(scans, parts.end(), "resources") != parts.end()) parts.erase(scans, parts.end());
}

/// Without what distinguishes no study at the end; at least one part below the data set stays.
std::vector<std::string> distinguishing_parts(std::vector<std::string> parts) {
  cut_xnat(parts);
  while (parts.size() > 2 && is_everywhere(parts.back())) parts.pop_back();
  return parts;
}

/// One study's name in the making: the last `taken` of its parts.
struct Name {
  std::vector<std::string> parts;
  size_t taken = 1;
  std::string ending;

  std::string as_text() const { return printable_name(joined(std::span(parts).last(taken), "/") + ending); }
  /// The data set's own name is no part of a study's, unless the study is the data set.
  bool can_grow() const { return taken + 1 < parts.size(); }
};

class Naming {
 public:
  explicit Naming(const std::vector<StudyPlace>& places) : places_(places) {
    for (const StudyPlace& place : places) names_.push_back({distinguishing_parts(place.parts), 1, ""});
  }

  std::vector<std::string> run() {
    lengthen();
    for (const size_t i : repeated()) names_[i] = {places_[i].parts, 1, ""};
    lengthen();
    for (const size_t i : repeated()) names_[i].ending = places_[i].extension;
    std::vector<std::string> ids;
    for (const Name& name : names_) ids.push_back(name.as_text());
    return ids;
  }

 private:
  std::vector<size_t> repeated() const {
    std::map<std::string, std::vector<size_t>> by_text;
    for (size_t i = 0; i < names_.size(); ++i) by_text[names_[i].as_text()].push_back(i);
    std::vector<size_t> indices;
    for (const auto& [name, same] : by_text) {
      if (same.size() > 1) indices.insert(indices.end(), same.begin(), same.end());
    }
    return indices;
  }

  /// Takes further parts until all names differ or none of the repeated ones can grow.
  void lengthen() {
    for (bool changed = true; changed;) {
      changed = false;
      bool all_together = false;
      for (const size_t i : repeated()) {
        if (!names_[i].can_grow()) continue;
        changed = true;
        if (places_[i].keeps_short_name) {
          ++names_[i].taken;
        } else {
          all_together = true;
        }
      }
      if (all_together) lengthen_all();
    }
  }

  void lengthen_all() {
    for (size_t i = 0; i < names_.size(); ++i) {
      if (!places_[i].keeps_short_name && names_[i].can_grow()) ++names_[i].taken;
    }
  }

  const std::vector<StudyPlace>& places_;
  std::vector<Name> names_;
};

}  // namespace

std::vector<std::string> study_ids(const std::vector<StudyPlace>& places) {
  return Naming(places).run();
}

}  // namespace lumbargrade
