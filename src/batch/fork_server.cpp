#include "batch/fork_server.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "batch/descriptor.h"

namespace lumbargrade {
namespace {

using Reply = nlohmann::json;

/// What the pool sends for a worker.
struct Order {
  Descriptor requests;
  Descriptor replies;
};

/// Nothing where the pool has gone, or says what no pool says.
std::optional<Order> next_order() {
  DescriptorMessage message;
  ssize_t received = -1;
  do {
    received = recvmsg(STDIN_FILENO, &message.header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  const cmsghdr* header = received > 0 ? CMSG_FIRSTHDR(&message.header) : nullptr;
  DescriptorMessage::Ends ends{};
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(ends))) {
    return std::nullopt;
  }
  std::memcpy(ends.data(), CMSG_DATA(header), sizeof(ends));
  return Order{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::optional<Error> failure_of(const std::function<void()>& load) {
  try {
    load();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

Error no_process() {
  return {ErrorKind::Failure, text("cannot start a worker process: ", std::strerror(errno))};
}

/// Ends with `parent`; at once where that has gone already.
void die_with(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(static_cast<int>(ErrorKind::Failure));
}

/// Forks a worker and ends, whereupon the worker is the pool's. Returns in the worker alone.
void bear(pid_t pool, const Order& order) {
  const pid_t self = getpid();
  const pid_t worker = fork();
  if (worker != 0) {
    send_reply(order.replies.get(), worker > 0 ? Reply{{"pid", worker}} : not_ready(no_process()));
    _exit(0);
  }
  constexpr int kPause_us = 100;
  while (getppid() == self) usleep(kPause_us);
  die_with(pool);
  dup2(order.requests.get(), STDIN_FILENO);  // and leaves the fork server's socket
}

/// True in the new worker.
bool is_worker_after_fork(pid_t pool, const Order& order) {
  const pid_t between = fork();
  if (between == 0) {
    bear(pool, order);
    return true;
  }
  if (between < 0) send_reply(order.replies.get(), not_ready(no_process()));
  while (between > 0 && waitpid(between, nullptr, 0) < 0 && errno == EINTR) {
  }
  return false;
}

}  // namespace

int run_fork_server(const std::function<void()>& load, const std::function<int(int replies)>& work) {
  const pid_t pool = getppid();
  die_with(pool);
  const std::optional<Error> failure = failure_of(load);
  while (const auto order = next_order()) {
    if (failure) {
      send_reply(order->replies.get(), not_ready(*failure));
    } else if (is_worker_after_fork(pool, *order)) {
      return work(order->replies.get());
    }
  }
  return 0;
}

bool send_reply(int replies, const Reply& reply) {
  const std::string line = reply.dump(-1, ' ', false, Reply::error_handler_t::replace) + "\n";
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t count = write(replies, line.data() + sent, line.size() - sent);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) sent += static_cast<size_t>(count);
  }
  return true;
}

Reply not_ready(const Error& error) {
  return {{"ready", false}, {"kind", error.exit_code()}, {"reason", error.what()}};
}

}  // namespace lumbargrade
