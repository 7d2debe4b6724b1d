#pragma once

#include <sys/types.h>

#include <functional>

namespace lumbargrade::node {

/// Runs `work` in a forked process that dies with this one; its return value is the exit code. The caller has one
/// thread alone: a fork of more would leave locks behind. Throws Error (Failure).
pid_t start_child(const std::function<int()>& work);

/// From now on SIGTERM and SIGINT are remembered instead of ending the process.
void remember_stop_signals();

/// Whether one came to this process.
bool is_stop_wanted();

/// Sleeps, at most until a signal comes.
void pause_for_ms(int milliseconds);

}  // namespace lumbargrade::node
