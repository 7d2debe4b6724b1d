#include "study/study_files.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/words.h"
#include "study/files.h"
#include "study/path_name.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// A DICOMDIR stands for the folder that it lies in.
fs::path root_of(const fs::path& path) {
  return is_dicomdir(path) ? fs::absolute(path).parent_path() : path;
}

/// The first folder below `root` on the way to the file: the study in a data set's layout.
std::string top_folder(const fs::path& root, const fs::path& file) {
  const fs::path inside = file.lexically_relative(root);
  return inside.empty() ? std::string() : inside.begin()->string();
}

std::map<std::string, int> count_studies(const std::vector<InstancePointer>& instances) {
  std::map<std::string, int> counts;
  for (const auto& instance : instances) {
    if (!instance->study_instance_uid.empty()) ++counts[instance->study_instance_uid];
  }
  return counts;
}

std::string list_studies(const std::map<std::string, int>& counts) {
  constexpr size_t kMostListed = 5;
  std::string list;
  size_t listed = 0;
  for (const auto& [uid, files] : counts) {
    if (++listed > kMostListed) return list + ", ...";
    list += text(listed > 1 ? ", " : "", uid, " (", files, " files)");
  }
  return list;
}

/// What is the same however it is written: "DOE^JANE^^" and "Doe^Jane".
std::string letters_of(const std::string& value) {
  std::string letters;
  for (const std::string& word : words_of(value)) letters += word;
  return letters;
}

}  // namespace

// SOP instance UIDs alone do not tell copies: the challenge's repeat across series.
void drop_copies(std::vector<InstancePointer>& instances, std::vector<std::string>& warnings) {
  using Uids = std::pair<std::string, std::string>;
  const auto uids_of = [](const dicom::Instance& instance) {
    return Uids(instance.series_instance_uid, instance.sop_instance_uid);
  };
  std::map<Uids, int> count;
  for (const auto& instance : instances) ++count[uids_of(*instance)];
  std::map<Uids, std::multimap<size_t, const dicom::Instance*>> known;  // by a hash of the content
  int copies = 0;
  std::erase_if(instances, [&](const InstancePointer& instance) {
    const Uids uids = uids_of(*instance);
    if (!instance->pixels || count[uids] == 1) return false;
    const auto& bytes = instance->pixels->storage;
    const size_t hash = std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    auto& alike = known[uids];
    const auto [first, last] = alike.equal_range(hash);
    const bool is_copy =
        std::any_of(first, last, [&](const auto& other) { return other.second->pixels->storage == bytes; });
    if (is_copy) {
      ++copies;
    } else {
      alike.emplace(hash, instance.get());
    }
    return is_copy;
  });
  if (copies > 0) warnings.push_back(text(copies, " files are copies of others and were left out"));
}

void warn_about_several_patients(const std::vector<InstancePointer>& instances, std::vector<std::string>& warnings) {
  struct Attribute {
    const char* name;
    std::string dicom::Instance::*value;
  };
  constexpr std::array<Attribute, 3> kAttributes = {{{"PatientID", &dicom::Instance::patient_id},
                                                     {"PatientName", &dicom::Instance::patient_name},
                                                     {"PatientBirthDate", &dicom::Instance::patient_birth_date}}};
  for (const Attribute& attribute : kAttributes) {
    std::set<std::string> patients;
    for (const auto& instance : instances) patients.insert(letters_of((*instance).*attribute.value));
    patients.erase("");
    if (patients.size() < 2) continue;
    warnings.push_back(text("files of ", patients.size(), " patients (", attribute.name,
                            ") are mixed in this study: the grades may be of several people; give each patient's files "
                            "alone"));
    return;
  }
}

void warn_about_files_without_study(const std::vector<InstancePointer>& instances, std::vector<std::string>& warnings) {
  const auto count = std::count_if(instances.begin(), instances.end(),
                                   [](const auto& instance) { return instance->study_instance_uid.empty(); });
  if (count > 0) warnings.push_back(text(count, " files without StudyInstanceUID are taken for this study's"));
}

StudyFiles choose_study(const fs::path& path, const StudyOptions& options, std::vector<InstancePointer> instances) {
  const std::string& wanted = options.study_uid;
  const auto counts = count_studies(instances);
  StudyFiles study{name_from_path(root_of(path)), counts.empty() ? "" : counts.begin()->first, {}};
  if (wanted.empty() && counts.size() > 1 && !options.join_studies) {
    throw Error(ErrorKind::NoUsableStudy,
                text(path.string(), " holds ", counts.size(), " studies: ", list_studies(counts),
                     "; choose one with --study, or grade them as one with --join-studies"));
  }
  if (wanted.empty()) {
    study.instances = std::move(instances);
    return study;
  }
  std::copy_if(instances.begin(), instances.end(), std::back_inserter(study.instances), [&](const auto& instance) {
    return instance->study_instance_uid == wanted || top_folder(root_of(path), instance->file) == wanted;
  });
  if (study.instances.empty()) {
    throw Error(ErrorKind::Usage,
                text("no study \"", wanted, "\" in ", path.string(), "; it holds ", list_studies(counts)));
  }
  study.study_instance_uid = study.instances.front()->study_instance_uid;
  if (counts.size() > 1) study.study_id = wanted;
  return study;
}

}  // namespace lumbargrade
