#include "node/grading.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include "batch/index.h"
#include "batch/merge.h"
#include "batch/result_file.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "node/outbox.h"
#include "node/peer_association.h"
#include "report/grades_csv.h"
#include "study/header_uids.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;

/// A process that died may have died of something else: a study is tried so often.
constexpr int kMostTries = 2;
constexpr int kLongestWait = 10;  // times the quiet time, for images that another archive has
constexpr size_t kStudiesPerRoundAndJob = 4;

using Days = std::chrono::duration<long, std::ratio<86400>>;

fs::file_time_type time_of(const fs::path& path) {
  std::error_code problem;
  const auto time = fs::last_write_time(path, problem);
  return problem ? fs::file_time_type::clock::now() : time;
}

/// Which files were graded last, and how often that failed.
struct Attempt {
  std::string fingerprint;
  int failures = 0;
};

Attempt read_attempt(const fs::path& file) {
  Attempt attempt;
  std::ifstream stream(file);
  stream >> attempt.fingerprint >> attempt.failures;
  return stream ? attempt : Attempt{};
}

/// The DICOM files of a folder, each with its SOP instance UID, or none where it cannot be read.
std::vector<std::pair<fs::path, std::string>> results_in(const fs::path& folder) {
  std::vector<std::pair<fs::path, std::string>> instances;
  for (const std::string& name : names_in(folder)) {
    if (!name.ends_with(".dcm")) continue;
    const auto uids = read_header_uids(folder / name);
    instances.emplace_back(folder / name, uids ? uids->sop_instance_uid : "");
  }
  return instances;
}

}  // namespace

Grading::Grading(const Configuration& configuration, PoolOptions pool, const RunIdentity& identity, std::string program)
    : configuration_(configuration),
      spool_(configuration.folder),
      pool_(std::move(pool)),
      program_(std::move(program)),
      store_(spool_.results() / "shards" / "1-of-1"),
      lock_(store_.folder()),
      started_(fs::file_time_type::clock::now()) {
  store_.open(identity, false);
  for (const std::string& name : names_in(store_.folder() / "studies")) queue_results(fs::path(name).stem().string());
  write_tables_and_index();
}

/// Whether all images have come that the peer of count_at has.
bool Grading::is_whole(const std::string& study, FileTime changed) {
  const Peer* peer = find_peer(configuration_, configuration_.count_at);
  if (peer == nullptr) return true;
  const auto now = FileTime::clock::now();
  const std::chrono::seconds quiet(configuration_.quiet_s);
  const auto asked = asked_.find(study);
  if (asked != asked_.end() && now - asked->second < quiet) return false;
  asked_[study] = now;
  try {
    PeerAssociation association(configuration_, *peer);
    const auto there = association.count_images(study);
    association.release();
    const size_t here = names_in(spool_.incoming() / study).size();
    if (!there || here >= *there) return true;
    const bool is_over = now - std::max(changed, started_) > kLongestWait * quiet;
    log_info(text("study ", study, ": ", here, " of ", *there, " images have come",
                  is_over ? "; it is graded as it is" : "; it waits"));
    return is_over;
  } catch (const Error& error) {
    log_warning(text("study ", study, ": how many images it has is not known: ", error.what()));
    return true;
  }
}

bool Grading::is_to_grade(const StudyFolder& study) {
  const ResultState state = store_.state_of(study);
  if (state == ResultState::Finished) return false;
  const Attempt last = read_attempt(spool_.attempts() / study.study_id);
  if (last.failures >= kMostTries && last.fingerprint == input_fingerprint(study)) return false;
  if (state != ResultState::Missing) {
    log_warning(
        text("study ", study.study_id, ": ",
             state == ResultState::Stale ? "it has grown or changed since it was graded" : "its result is damaged",
             "; it is graded again, under new UIDs where the results differ"));
    store_.remove_result(study.study_id);
  }
  return true;
}

std::vector<StudyFolder> Grading::complete_studies() {
  std::vector<StudyFolder> complete;
  counts_.arriving = 0;
  const auto now = fs::file_time_type::clock::now();
  const size_t most = kStudiesPerRoundAndJob * static_cast<size_t>(configuration_.jobs);
  for (const std::string& name : names_in(spool_.incoming())) {
    const fs::path folder = spool_.incoming() / name;
    const auto changed = time_of(folder);
    const auto known = settled_.find(name);
    if (known != settled_.end() && known->second == changed) continue;
    const bool is_quiet = now - std::max(changed, started_) >= std::chrono::seconds(configuration_.quiet_s);
    if (!is_quiet || complete.size() >= most) {
      ++counts_.arriving;
      continue;
    }
    const StudyFolder study{name, folder, {}, ""};
    if (!is_to_grade(study)) {
      settled_[name] = changed;
      continue;
    }
    ++counts_.arriving;
    if (is_whole(name, changed)) complete.push_back(study);
  }
  return complete;
}

size_t Grading::run_round(const std::function<PoolControl()>& control) {
  const std::vector<StudyFolder> studies = complete_studies();
  if (studies.empty()) return 0;
  size_t ended = 0;
  PoolCalls calls;
  calls.result_file = [this](const StudyFolder& study) { return store_.result_file(study.study_id); };
  calls.finished = [&](const StudyOutcome& outcome) {
    record(outcome);
    ++ended;
  };
  calls.control = control;
  run_pool(studies, pool_, calls);
  write_tables_and_index();
  return ended;
}

void Grading::record(const StudyOutcome& outcome) {
  const std::string& id = outcome.study.study_id;
  asked_.erase(id);
  const fs::path file = spool_.attempts() / id;
  const std::string fingerprint = input_fingerprint(outcome.study);
  if (outcome.graded) {
    store_.remove_failure(id);
    write_file_atomically(file, text(fingerprint, " 0\n"));
    log_info(text("study ", id, " graded (", kNotice, ")"));
    for (const std::string& warning : outcome.warnings) log_warning(text("study ", id, ": ", warning));
    queue_results(id);
    return;
  }
  const Attempt last = read_attempt(file);
  const int before = last.fingerprint == fingerprint ? last.failures : 0;
  const int failures = outcome.failure.stage == "process" ? before + 1 : kMostTries;
  store_.write_failure(outcome.failure);
  write_file_atomically(file, text(fingerprint, " ", failures, "\n"));
  log_warning(text("study ", id, " failed: ", outcome.failure.stage, ": ", outcome.failure.reason,
                   failures < kMostTries ? "; it is tried once more" : ""));
}

void Grading::queue_results(const std::string& study) const {
  for (const auto& [file, uid] : results_in(spool_.dicom_results(study))) {
    if (!is_uid(uid)) {
      log_error(text(file.string(), " cannot be read back and is not sent"));
      continue;
    }
    for (const Peer& peer : configuration_.peers) Outbox(spool_, peer.ae_title).add(file, uid);
  }
}

bool Grading::is_sent(const std::string& study) const {
  for (const auto& [file, uid] : results_in(spool_.dicom_results(study))) {
    for (const Peer& peer : configuration_.peers) {
      if (!uid.empty() && !Outbox(spool_, peer.ae_title).was_sent(uid)) return false;
    }
  }
  return true;
}

void Grading::write_tables_and_index() {
  Plan plan;
  std::set<std::string> ids;
  const auto graded = names_in(store_.folder() / "studies");
  for (const std::string& name : graded) ids.insert(fs::path(name).stem().string());
  counts_.graded = graded.size();
  for (const std::string& name : names_in(store_.folder() / "failures")) ids.insert(fs::path(name).stem().string());
  counts_.failed = ids.size() - counts_.graded;
  plan.ids.assign(ids.begin(), ids.end());
  plan.data_set_digest = data_set_digest(plan.ids);
  store_.write_plan(plan);
  write_tables(collect_shards({spool_.results()}), spool_.results());
  write_index(spool_.results(), program_);
}

void Grading::remove_study(const std::string& study) const {
  std::error_code ignored;
  for (const auto& [file, uid] : results_in(spool_.dicom_results(study))) {
    for (const Peer& peer : configuration_.peers) {
      if (!uid.empty()) Outbox(spool_, peer.ae_title).forget_sent(uid);
    }
  }
  store_.remove_result(study);
  store_.remove_failure(study);
  fs::remove_all(spool_.results() / report_folder_of(study), ignored);
  fs::remove(spool_.attempts() / study, ignored);
}

void Grading::remove_old() {
  const auto now = fs::file_time_type::clock::now();
  const auto is_older = [&](const fs::path& path, int days) { return now - time_of(path) > Days(days); };
  std::error_code ignored;
  for (const auto& [study, changed] : std::map(settled_)) {
    const fs::path folder = spool_.incoming() / study;
    if (!is_older(folder, configuration_.keep_images_days) || time_of(folder) != changed || !is_sent(study)) continue;
    fs::remove_all(folder, ignored);
    settled_.erase(study);
    log_info(text("the images of study ", study, " were removed: their time is over"));
  }
  bool any = false;
  for (const char* kind : {"studies", "failures"}) {
    for (const std::string& name : names_in(store_.folder() / kind)) {
      const std::string study = fs::path(name).stem().string();
      const bool is_over = is_older(store_.folder() / kind / name, configuration_.keep_results_days);
      if (!is_over || fs::exists(spool_.incoming() / study) || !is_sent(study)) continue;
      remove_study(study);
      any = true;
      log_info(text("the results of study ", study, " were removed: their time is over"));
    }
  }
  if (any) write_tables_and_index();
}

}  // namespace lumbargrade::node
