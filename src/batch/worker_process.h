#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "batch/descriptor.h"
#include "batch/discover.h"
#include "batch/fork_server_process.h"

namespace lumbargrade {

/// One worker process (run_worker) and what it is at. Nothing here waits for it, so that a worker that is stopped or
/// hangs holds nobody up.
class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;

  /// Orders it; it has until `start_limit_s` to become ready. `fork_server` must outlive it. Throws Error (Failure).
  WorkerProcess(ForkServerProcess& fork_server, double start_limit_s);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  int reply_descriptor() const { return replies_.get(); }
  int request_descriptor() const { return requests_.get(); }
  bool has_unsent() const { return !unsent_.empty(); }
  bool is_born() const { return pid_ > 0; }
  bool is_ready() const { return is_ready_; }
  bool is_idle() const { return is_ready_ && !study_; }
  bool is_late(Clock::time_point now) const { return (!is_ready_ || study_) && now >= deadline_; }
  const std::optional<StudyFolder>& study() const { return study_; }

  void set_born(pid_t pid) { pid_ = pid; }
  void set_ready() { is_ready_ = true; }
  void begin(const StudyFolder& study, const std::filesystem::path& result_file, double limit_s);
  void end_study() { study_.reset(); }

  /// Hands on what the pipe takes now.
  void send_some();
  /// Reads what is there; false when the replies have ended or one of them has no end.
  bool read_some();
  std::optional<std::string> next_line();

  /// Before it is born this ends its fork server.
  void kill_now() const;
  /// Ends it for taking too long.
  void stop_late();

  /// Waits for the end and says how it came.
  std::string cause_of_death();

 private:
  std::string end_of_process();

  ForkServerProcess& fork_server_;
  int fork_server_number_ = 0;
  pid_t pid_ = -1;  ///< until it is born
  Descriptor requests_;
  Descriptor replies_;
  std::string unsent_;
  std::string received_;
  bool is_ready_ = false;
  bool is_stopped_as_late_ = false;
  bool has_endless_reply_ = false;
  long oom_kills_before_ = 0;
  std::optional<StudyFolder> study_;
  Clock::time_point deadline_;
};

}  // namespace lumbargrade
