#include "batch/result_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "batch/result_file.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/printable_text.h"
#include "core/sha256.h"
#include "pipeline/stopwatch.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kIdentityFile = "identity.json";
constexpr const char* kPlanFile = "plan.json";
constexpr const char* kLockFile = ".lock";
constexpr size_t kLongestName = 200;
constexpr std::uintmax_t kLargestJson = std::uintmax_t{1} << 29;  // bytes: a plan names every study
constexpr const char* kRunAgain = "remove it and run that batch again";

std::string json_text(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

[[noreturn]] void refuse_as_damaged(const fs::path& path, const char* remedy) {
  throw Error(ErrorKind::Failure, text(path.string(), " is damaged; ", remedy));
}

Json read_json(const fs::path& path, const char* remedy = kRunAgain) {
  const auto content = file_text(path, kLargestJson);
  if (!content) throw Error(ErrorKind::Failure, text("cannot read ", path.string(), "; ", remedy));
  Json json = Json::parse(*content, nullptr, false);
  if (json.is_discarded()) refuse_as_damaged(path, remedy);
  return json;
}

bool holds_other_things(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!entry.path().filename().string().starts_with(".")) return true;
  }
  return false;
}

/// "bundle_sha256: a instead of b, lowest_disc: ..." for the keys in which two identities differ.
std::string differences(const RunIdentity& there, const RunIdentity& wanted) {
  std::string list;
  for (const auto& [key, value] : wanted.items()) {
    const Json old = there.contains(key) ? there[key] : Json();
    if (old == value) continue;
    list += text(list.empty() ? "" : ", ", key, " ", old.dump(), " there and ", value.dump(), " now");
  }
  for (const auto& [key, old] : there.items()) {
    if (!wanted.contains(key)) list += text(list.empty() ? "" : ", ", key, " ", old.dump(), " there and not now");
  }
  return list.empty() ? "another version wrote it" : list;
}

Json to_json(const StudyFailure& failure) {
  return {{"study_id", failure.study_id},
          {"stage", failure.stage},
          {"reason", failure.reason},
          {"file", printable_name(failure.file)}};
}

StudyFailure failure_from(const Json& json) {
  return {json.at("study_id"), json.at("stage"), json.at("reason"), json.at("file")};
}

std::string who_holds(int descriptor) {
  std::array<char, 256> buffer{};
  const ssize_t count = pread(descriptor, buffer.data(), buffer.size() - 1, 0);
  return count > 0 ? std::string(buffer.data(), static_cast<size_t>(count)) : "another process";
}

std::string own_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return text("process ", getpid(), " on ", host.data(), " since ", utc_timestamp());
}

}  // namespace

std::string file_name_for(const std::string& study_id) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string name;
  for (unsigned char c : study_id) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '_' || (c == '.' && !name.empty());
    if (plain) {
      name += static_cast<char>(c);
    } else {
      name += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  if (name.size() <= kLongestName) return name;
  return name.substr(0, kLongestName - 65) + "~" + sha256_of_bytes(study_id);
}

std::string data_set_digest(const std::vector<std::string>& sorted_ids) {
  std::string joined;
  for (const std::string& id : sorted_ids) joined += text(id.size(), ":", id);
  return sha256_of_bytes(joined);
}

fs::path ResultStore::result_file(const std::string& study_id) const {
  return folder_ / "studies" / (file_name_for(study_id) + ".csv");
}

fs::path ResultStore::failure_file(const std::string& study_id) const {
  return folder_ / "failures" / (file_name_for(study_id) + ".json");
}

void ResultStore::open(const RunIdentity& identity, bool redo) const {
  make_folder(folder_);
  const bool is_store = fs::exists(folder_ / kIdentityFile);
  if (is_store && redo) {
    for (const char* old : {"studies", "failures", kPlanFile, kIdentityFile}) fs::remove_all(folder_ / old);
  } else if (is_store) {
    const RunIdentity there = read_identity();
    if (there != identity) {
      throw Error(ErrorKind::Failure,
                  text(folder_.string(), " holds results of another kind (", differences(there, identity),
                       "); --redo replaces them, or use another folder"));
    }
  } else if (holds_other_things(folder_)) {
    throw Error(ErrorKind::Failure, text(folder_.string(), " holds other files; give an empty or a new folder"));
  }
  for (const char* name : {"studies", "failures"}) {
    make_folder(folder_ / name);
    remove_half_written_files(folder_ / name);
  }
  remove_half_written_files(folder_);
  if (!fs::exists(folder_ / kIdentityFile)) write_file_atomically(folder_ / kIdentityFile, json_text(identity));
}

void ResultStore::write_plan(const Plan& plan) const {
  Json failures = Json::array();
  for (const StudyFailure& failure : plan.discovery_failures) failures.push_back(to_json(failure));
  const Json json = {{"shard", plan.shard.index},
                     {"shards", plan.shard.count},
                     {"data_set_digest", plan.data_set_digest},
                     {"studies", plan.ids},
                     {"not_usable", failures}};
  write_file_atomically(folder_ / kPlanFile, json_text(json));
}

Plan ResultStore::read_plan() const {
  const Json json = read_json(folder_ / kPlanFile);
  try {
    Plan plan{{json.at("shard"), json.at("shards")}, json.at("data_set_digest"), json.at("studies"), {}};
    for (const Json& failure : json.at("not_usable")) plan.discovery_failures.push_back(failure_from(failure));
    if (exists(plan.shard)) return plan;
  } catch (const Json::exception&) {
  }
  refuse_as_damaged(folder_ / kPlanFile, kRunAgain);
}

RunIdentity ResultStore::read_identity() const {
  return read_json(folder_ / kIdentityFile, "--redo begins anew");
}

bool ResultStore::has_result(const std::string& study_id) const {
  return fs::exists(result_file(study_id));
}

ResultState ResultStore::state_of(const StudyFolder& study) const {
  if (!has_result(study.study_id)) return ResultState::Missing;
  try {
    const StudyResultFile result = read_result_file(result_file(study.study_id), study.study_id);
    return result.record.input_fingerprint == input_fingerprint(study) ? ResultState::Finished : ResultState::Stale;
  } catch (const Error&) {
    return ResultState::Damaged;
  }
}

void ResultStore::remove_result(const std::string& study_id) const {
  std::error_code ignored;
  fs::remove(result_file(study_id), ignored);
}

void ResultStore::write_failure(const StudyFailure& failure) const {
  write_file_atomically(failure_file(failure.study_id), json_text(to_json(failure)));
}

void ResultStore::remove_failure(const std::string& study_id) const {
  std::error_code ignored;
  fs::remove(failure_file(study_id), ignored);
}

std::optional<StudyFailure> ResultStore::read_failure(const std::string& study_id) const {
  const fs::path path = failure_file(study_id);
  if (!fs::exists(path)) return std::nullopt;
  try {
    return failure_from(read_json(path));
  } catch (const Json::exception&) {
    refuse_as_damaged(path, kRunAgain);
  }
}

FolderLock::FolderLock(const fs::path& folder) {
  make_folder(folder);
  const fs::path path = folder / kLockFile;
  descriptor_ = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
  const int lock = descriptor_.get();
  if (lock < 0) {
    throw Error(ErrorKind::Failure, text("cannot create ", path.string(), ": ", std::strerror(errno)));
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::Failure, text(folder.string(), " is in use by ", who_holds(lock)));
  }
  const std::string name = own_name();
  // The name only helps the second process; on a full disk the lock holds without it.
  if (ftruncate(lock, 0) == 0 && pwrite(lock, name.data(), name.size(), 0) < 0) errno = 0;
}

}  // namespace lumbargrade
