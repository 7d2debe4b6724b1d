#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>

#include "core/error.h"

namespace lumbargrade {

/// The life of a fork server: a process that loads once what workers need, and forks a worker whenever the pool orders
/// one (fork_server_process.h). Workers share what was loaded, page by page, until they write to it, and a worker that
/// died is replaced without loading again.
///
/// An order on standard input, a socket, brings two pipes: the requests, which become the worker's standard input, and
/// its replies. The first line of the replies is {"pid": process} of the worker, or {"ready": false, "kind", "reason"}
/// where it could not be begun, because `load` threw Error (as every order is then answered) or no process is to be
/// had. Then `work` runs in the worker, with the descriptor of the replies; what it returns is the exit code.
///
/// The worker is the child of the pool's process, not of the fork server: the pool waits for it and sees how it ends,
/// it dies with the pool, and outlives the fork server. The fork server ends when its input ends or the pool dies.
///
/// `load` must leave this process with one thread: a fork takes no other along, whatever it was about to do.
int run_fork_server(const std::function<void()>& load, const std::function<int(int replies)>& work);

/// Writes one line of JSON; false where nobody reads it any more.
bool send_reply(int replies, const nlohmann::json& reply);

/// {"ready": false, ...}
nlohmann::json not_ready(const Error& error);

}  // namespace lumbargrade
