#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "batch/descriptor.h"

namespace lumbargrade {

/// The fork server of a pool (fork_server.h), begun with the first order and anew where it has died. While this lives,
/// the workers that it forks are children of this process (PR_SET_CHILD_SUBREAPER). Nothing here waits for a fork
/// server that goes on.
class ForkServerProcess {
 public:
  /// Program and arguments of run_fork_server.
  explicit ForkServerProcess(std::vector<std::string> command);
  ~ForkServerProcess();
  ForkServerProcess(const ForkServerProcess&) = delete;
  ForkServerProcess& operator=(const ForkServerProcess&) = delete;

  /// Orders a worker that reads `requests` and writes `replies`. Returns the number of the fork server that was asked.
  /// Throws Error (Failure).
  int order_worker(int requests, int replies);

  /// Ends fork server `number`, unless it has been replaced.
  void kill_now(int number) const;

  /// What became of fork server `number`, which has left an order unanswered, in the user's words.
  std::string cause_of_death(int number);

 private:
  bool send(int requests, int replies) const;
  void start();

  std::vector<std::string> command_;
  int was_subreaper_ = 0;
  int number_ = 0;  ///< of those begun
  pid_t pid_ = -1;
  Descriptor orders_;
  long oom_kills_before_ = 0;
  std::string last_end_;  ///< of the latest that ended
};

}  // namespace lumbargrade
