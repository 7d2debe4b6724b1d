#include "node/node.h"

#include <dcmtk/dcmtls/tlslayer.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>

#include "core/error.h"
#include "core/log.h"
#include "node/child_process.h"
#include "node/grading.h"
#include "node/outbox.h"
#include "node/receiver.h"
#include "node/spool.h"
#include "node/status.h"
#include "node/tls.h"
#include "pipeline/stopwatch.h"

namespace lumbargrade::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLookMs = 500;
constexpr int kPausesAfterFailure = 20;
constexpr auto kStatusEvery = std::chrono::seconds(2);
constexpr auto kTidyEvery = std::chrono::seconds(10);
constexpr auto kRestartPause = std::chrono::seconds(1);

/// A process of the node that is started again when it dies.
class Companion {
 public:
  Companion(const char* name, std::function<int()> work) : name_(name), work_(std::move(work)) {}

  void keep_alive() {
    if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) {
      log_error(text("the process that ", name_, " has died; it is started again"));
      pid_ = -1;
      next_start_ = Clock::now() + kRestartPause;
    }
    if (pid_ < 0 && Clock::now() >= next_start_) pid_ = start_child(work_);
  }

  void ask_to_end() const {
    if (pid_ > 0) kill(pid_, SIGTERM);
  }
  void wait_for_end() {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  const char* name_;
  std::function<int()> work_;
  pid_t pid_ = -1;
  Clock::time_point next_start_;
};

class Node {
 public:
  Node(const Configuration& configuration, const PoolOptions& pool, const RunIdentity& identity,
       const std::string& program)
      : configuration_(configuration),
        lock_(configuration.folder),
        spool_(prepared(configuration)),
        listening_(listen_on(configuration)),
        grading_(configuration, pool, identity, program),
        receiver_("receives", [this] { return run_receiver(configuration_, listening_.get()); }),
        sender_("sends", [this] { return run_sender(configuration_); }) {
    status_.state = "running";
    status_.program = program;
    status_.started_utc = utc_timestamp();
  }

  void run() {
    remember_stop_signals();
    log_info(text("\"", configuration_.ae_title, "\" listens on ", configuration_.address, ":", configuration_.port));
    while (!is_stop_wanted()) {
      supervise();
      grade();
      pause_for_ms(kLookMs);
    }
    stop();
  }

 private:
  static Spool prepared(const Configuration& configuration) {
    if (!configuration.tls.certificate.empty()) tls_layer(configuration.tls, NET_ACCEPTOR);  // fails at once if invalid
    Spool spool(configuration.folder);
    std::vector<std::string> titles;
    for (const Peer& peer : configuration.peers) titles.push_back(peer.ae_title);
    spool.prepare(titles);
    return spool;
  }

  /// What keeps a whole round from being graded, a full disk before all, may pass.
  void grade() {
    try {
      grading_.run_round([this] { return control(); });
    } catch (const Error& error) {
      log_error(text("studies wait: ", error.what()));
      for (int k = 0; k < kPausesAfterFailure && !is_stop_wanted(); ++k) {
        supervise();
        pause_for_ms(kLookMs);
      }
    }
  }

  void supervise() {
    receiver_.keep_alive();
    sender_.keep_alive();
    const auto now = Clock::now();
    if (now >= next_tidying_) {
      next_tidying_ = now + kTidyEvery;
      grading_.remove_old();
    }
    if (now < next_status_) return;
    next_status_ = now + kStatusEvery;
    update_status();
  }

  void update_status() {
    status_.studies = grading_.counts();
    write_status(configuration_, status_);
  }

  PoolControl control() {
    if (is_stop_wanted()) return PoolControl::Drain;
    supervise();
    return PoolControl::Continue;
  }

  void stop() {
    log_info("stopping: what is at work is finished first");
    status_.state = "stopping";
    update_status();
    receiver_.ask_to_end();
    sender_.ask_to_end();
    receiver_.wait_for_end();
    sender_.wait_for_end();
    status_.state = "stopped";
    update_status();
    log_info("stopped");
  }

  const Configuration& configuration_;
  FolderLock lock_;
  Spool spool_;
  Descriptor listening_;
  Grading grading_;
  Companion receiver_, sender_;
  Status status_;
  Clock::time_point next_status_, next_tidying_;
};

}  // namespace

void run_node(const Configuration& configuration, const PoolOptions& pool, const RunIdentity& identity,
              const std::string& program) {
  std::signal(SIGPIPE, SIG_IGN);
  Node(configuration, pool, identity, program).run();
}

}  // namespace lumbargrade::node
