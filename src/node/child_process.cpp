#include "node/child_process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/error.h"
#include "core/log.h"

namespace lumbargrade::node {
namespace {

// A signal handler can reach nothing but a static.
volatile std::sig_atomic_t stop_wanted = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void want_stop(int) {
  stop_wanted = 1;
}

int guarded(const std::function<int()>& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    log_error(error.what());
  }
  return 1;
}

}  // namespace

pid_t start_child(const std::function<int()>& work) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw Error(ErrorKind::Failure, text("cannot start a process: ", std::strerror(errno)));
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  _exit(getppid() == parent ? guarded(work) : 1);
}

void remember_stop_signals() {
  struct sigaction action {};
  action.sa_handler = want_stop;  // without SA_RESTART: a wait ends when the signal comes
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

bool is_stop_wanted() {
  return stop_wanted != 0;
}

void pause_for_ms(int milliseconds) {
  if (!is_stop_wanted()) poll(nullptr, 0, milliseconds);
}

}  // namespace lumbargrade::node
