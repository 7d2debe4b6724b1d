#include "batch/process_end.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "core/error.h"

namespace lumbargrade {
namespace {

std::string signal_text(int signal, bool is_oom_kill) {
  if (signal == SIGKILL && is_oom_kill) {
    return "the machine ran out of memory and the kernel's OOM killer ended the process that read it; take fewer "
           "--jobs "
           "or a smaller --memory-limit";
  }
  const std::string ended = text("the process that read it was ended by signal ", signal, " (", strsignal(signal), ")");
  return signal == SIGKILL ? ended + ", sent by another process or the batch system" : ended;
}

}  // namespace

std::optional<int> wait_briefly(pid_t child) {
  constexpr int kLooks = 200, kPause_us = 10'000;
  int status = 0;
  for (int i = 0; i < kLooks; ++i) {
    if (waitpid(child, &status, WNOHANG) == child) return status;
    usleep(kPause_us);
  }
  return std::nullopt;
}

long oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  for (long count = 0; file >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

std::string end_text(int wait_status, long oom_kills_before) {
  if (WIFSIGNALED(wait_status)) return signal_text(WTERMSIG(wait_status), oom_kills() > oom_kills_before);
  return text("the process that read it ended with exit code ", WEXITSTATUS(wait_status), " (out of memory?)");
}

}  // namespace lumbargrade
