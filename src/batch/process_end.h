#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace lumbargrade {

/// Waits up to two seconds for a child process that is about to end; its wait status, nothing where it goes on.
std::optional<int> wait_briefly(pid_t child);

/// How many processes the kernel has killed for want of memory on this machine; 0 where it does not tell.
long oom_kills();

/// What ended a process, in the user's words. `oom_kills_before`: oom_kills() when it was begun.
std::string end_text(int wait_status, long oom_kills_before);

}  // namespace lumbargrade
