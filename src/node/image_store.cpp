#include "node/image_store.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/sha256.h"
#include "study/header_uids.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;

/// Left free for the results of what came.
constexpr std::uintmax_t kReserveBytes = std::uintmax_t{64} << 20;

bool has_same_bytes(const fs::path& one, const fs::path& other) {
  return fs::file_size(one) == fs::file_size(other) && sha256_of_file(one) == sha256_of_file(other);
}

}  // namespace

ImageStore::ImageStore(const Configuration& configuration)
    : spool_(configuration.folder),
      quota_(static_cast<std::uintmax_t>(configuration.quota_mb) << 20),
      used_(bytes_below(spool_.incoming())) {}

std::string ImageStore::reason_to_refuse() const {
  if (used_ >= quota_) return text("images take ", used_ >> 20, " MiB, which is the quota (quota_mb)");
  std::error_code problem;
  const auto space = fs::space(spool_.incoming(), problem);
  if (problem) return text("the disk cannot be asked for its space: ", problem.message());
  return space.available < kReserveBytes ? text("the disk has ", space.available >> 20, " MiB left") : "";
}

fs::path ImageStore::next_part() {
  return spool_.incoming() / text(".part-", getpid(), "-", ++parts_);
}

Kept ImageStore::keep(const fs::path& part, const std::string& sop_instance_uid) {
  const auto uids = read_header_uids(part);
  if (!uids || !is_uid(uids->study_instance_uid) || !is_uid(uids->sop_instance_uid)) {
    return {Kept::Outcome::NotReadable, "", "its header names no study or instance"};
  }
  if (uids->sop_instance_uid != sop_instance_uid) {
    return {Kept::Outcome::NotReadable, "", "its header and the request name different instances"};
  }
  if (!flush_to_disk(part))
    return {Kept::Outcome::NoRoom, "", text("the disk does not take it: ", std::strerror(errno))};
  const fs::path folder = spool_.incoming() / uids->study_instance_uid;
  const fs::path file = folder / (uids->sop_instance_uid + ".dcm");
  std::error_code problem;
  const bool is_new_study = fs::create_directory(folder, problem);
  if (!problem) fs::create_hard_link(part, file, problem);
  if (problem == std::errc::file_exists) {
    if (has_same_bytes(part, file)) {
      // A study that is sent again after a break is not quiet while what is there already passes.
      std::error_code ignored;
      fs::last_write_time(folder, fs::file_time_type::clock::now(), ignored);
      return {Kept::Outcome::HadIt, uids->study_instance_uid, ""};
    }
    return {Kept::Outcome::OtherContent, uids->study_instance_uid,
            text("instance ", uids->sop_instance_uid, " is there with other content, which stays")};
  }
  if (problem) return {Kept::Outcome::NoRoom, "", text("cannot store it: ", problem.message())};
  flush_to_disk(folder);
  if (is_new_study) flush_to_disk(spool_.incoming());
  used_ += fs::file_size(file);
  return {Kept::Outcome::Stored, uids->study_instance_uid, ""};
}

void ImageStore::discard(const fs::path& part) {
  std::error_code ignored;
  fs::remove(part, ignored);
}

}  // namespace lumbargrade::node
