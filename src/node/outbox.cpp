#include "node/outbox.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ctime>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "node/child_process.h"
#include "node/peer_association.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kReady = ".dcm";
constexpr const char* kSending = ".sending";
constexpr const char* kUnconfirmed = ".unconfirmed";
constexpr int kLongestSilence_s = 3600;
constexpr int kQueueLookMs = 500;
constexpr int kLongestPause_s = 3600;
constexpr size_t kMostInOneAssociation = 200;

void move_file(const fs::path& from, const fs::path& to) {
  std::error_code problem;
  fs::rename(from, to, problem);
  if (problem) throw Error(ErrorKind::Failure, text("cannot rename ", from.string(), ": ", problem.message()));
  flush_to_disk(to.parent_path());
}

/// Sends to one peer, and knows when to try again.
class PeerSender {
 public:
  PeerSender(const Configuration& configuration, const Peer& peer)
      : configuration_(configuration), peer_(peer), outbox_(Spool(configuration.folder), peer.ae_title) {}

  void run() {
    doubt_the_unconfirmed();
    if (Clock::now() < next_try_) return;
    std::vector<Waiting> waiting = outbox_.waiting();
    if (waiting.empty()) return;
    waiting.resize(std::min(waiting.size(), kMostInOneAssociation));
    const std::string problem = send(waiting);
    if (problem.empty()) {
      pause_s_ = 0;
    } else {
      pause(problem);
    }
  }

 private:
  void doubt_the_unconfirmed() const {
    for (const std::string& uid : outbox_.unconfirmed_for(kLongestSilence_s)) {
      log_warning(
          text("\"", peer_.ae_title, "\" has not confirmed instance ", uid, " within an hour: it is asked for"));
      outbox_.doubt(uid);
    }
  }

  /// What went wrong, in words; empty where all was taken.
  std::string send(const std::vector<Waiting>& waiting) {
    std::string problem;
    size_t taken = 0;
    try {
      PeerAssociation association(configuration_, peer_);
      for (const Waiting& instance : waiting) {
        if (is_stop_wanted()) break;
        const std::string refused = send_one(association, instance);
        refused.empty() ? void(++taken) : void(problem = refused);
      }
      association.ask_to_keep();
      association.release();
    } catch (const Error& error) {
      problem = error.what();
    }
    if (taken > 0) log_info(text("\"", peer_.ae_title, "\" has taken ", taken, " of ", waiting.size(), " instances"));
    return problem;
  }

  std::string send_one(PeerAssociation& association, const Waiting& instance) {
    const fs::path file = outbox_.begin(instance);
    if (instance.is_fate_unknown && association.has(file)) {
      log_info(text("\"", peer_.ae_title, "\" has instance ", instance.sop_instance_uid, ": it is not sent again"));
      outbox_.end_sent(instance.sop_instance_uid);
      return {};
    }
    std::string refused = association.store(file);
    if (!refused.empty()) {
      outbox_.end_refused(instance.sop_instance_uid);
    } else if (association.can_confirm()) {
      outbox_.end_unconfirmed(instance.sop_instance_uid);
    } else {
      outbox_.end_sent(instance.sop_instance_uid);
    }
    return refused;
  }

  void pause(const std::string& problem) {
    pause_s_ = pause_s_ == 0 ? peer_.retry_s : std::min(2 * pause_s_, kLongestPause_s);
    next_try_ = Clock::now() + std::chrono::seconds(pause_s_);
    log_warning(text("\"", peer_.ae_title, "\": ", problem, "; tried again in ", pause_s_, " s"));
  }

  const Configuration& configuration_;
  const Peer& peer_;
  Outbox outbox_;
  Clock::time_point next_try_;
  int pause_s_ = 0;
};

}  // namespace

bool Outbox::add(const fs::path& file, const std::string& sop_instance_uid) const {
  const auto is_there = [&](const char* state) { return fs::exists(waiting_ / (sop_instance_uid + state)); };
  if (is_there(kReady) || is_there(kSending) || is_there(kUnconfirmed) || was_sent(sop_instance_uid)) return false;
  std::error_code problem;
  fs::create_hard_link(file, waiting_ / (sop_instance_uid + kReady), problem);
  if (problem) throw Error(ErrorKind::Failure, text("cannot queue ", file.string(), ": ", problem.message()));
  flush_to_disk(waiting_);
  return true;
}

std::vector<Waiting> Outbox::waiting() const {
  std::vector<Waiting> list;
  for (const std::string& name : names_in(waiting_)) {
    const fs::path path(name);
    if (path.extension() == kSending) list.push_back({path.stem().string(), true});
    if (path.extension() == kReady) list.push_back({path.stem().string(), false});
  }
  std::stable_partition(list.begin(), list.end(), [](const Waiting& one) { return one.is_fate_unknown; });
  return list;
}

fs::path Outbox::begin(const Waiting& instance) const {
  fs::path sending = waiting_ / (instance.sop_instance_uid + kSending);
  if (!instance.is_fate_unknown) move_file(waiting_ / (instance.sop_instance_uid + kReady), sending);
  return sending;
}

void Outbox::note_sent(const std::string& sop_instance_uid, const char* state) const {
  write_file_atomically(sent_ / sop_instance_uid, "");
  std::error_code ignored;
  fs::remove(waiting_ / (sop_instance_uid + state), ignored);
}

void Outbox::end_sent(const std::string& sop_instance_uid) const {
  note_sent(sop_instance_uid, kSending);
}

void Outbox::end_unconfirmed(const std::string& sop_instance_uid) const {
  move_file(waiting_ / (sop_instance_uid + kSending), waiting_ / (sop_instance_uid + kUnconfirmed));
}

void Outbox::end_confirmed(const std::string& sop_instance_uid) const {
  if (fs::exists(waiting_ / (sop_instance_uid + kUnconfirmed))) note_sent(sop_instance_uid, kUnconfirmed);
}

void Outbox::doubt(const std::string& sop_instance_uid) const {
  const fs::path file = waiting_ / (sop_instance_uid + kUnconfirmed);
  if (fs::exists(file)) move_file(file, waiting_ / (sop_instance_uid + kSending));
}

std::vector<std::string> Outbox::unconfirmed_for(int seconds) const {
  std::vector<std::string> list;
  for (const std::string& name : names_in(waiting_)) {
    struct stat status {};
    const fs::path path = waiting_ / name;
    // The rename to this name changed the file's status, and not its content.
    if (path.extension() != kUnconfirmed || stat(path.c_str(), &status) != 0) continue;
    if (std::time(nullptr) - status.st_ctim.tv_sec >= seconds) list.push_back(path.stem().string());
  }
  return list;
}

void Outbox::end_refused(const std::string& sop_instance_uid) const {
  move_file(waiting_ / (sop_instance_uid + kSending), waiting_ / (sop_instance_uid + kReady));
}

bool Outbox::was_sent(const std::string& sop_instance_uid) const {
  return fs::exists(sent_ / sop_instance_uid);
}

void Outbox::forget_sent(const std::string& sop_instance_uid) const {
  std::error_code ignored;
  fs::remove(sent_ / sop_instance_uid, ignored);
}

int run_sender(const Configuration& configuration) {
  std::vector<PeerSender> senders;
  senders.reserve(configuration.peers.size());
  for (const Peer& peer : configuration.peers) senders.emplace_back(configuration, peer);
  while (!is_stop_wanted()) {
    for (PeerSender& sender : senders) sender.run();
    pause_for_ms(kQueueLookMs);
  }
  return 0;
}

}  // namespace lumbargrade::node
