#include "batch/fork_server_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "batch/process_end.h"
#include "core/error.h"

extern char** environ;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): the system's

namespace lumbargrade {
namespace {

constexpr int kFirstHighDescriptor = 16;

/// Starts a process whose standard input is `orders`. SIGINT and SIGTERM are blocked in it, from its first instruction,
/// and in its workers: Ctrl-C reaches the whole terminal's group and a cluster's SIGTERM the whole job; the parent
/// decides what to do.
pid_t start_process(const std::vector<std::string>& command, int orders) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, orders, STDIN_FILENO);
  // Results go to files: a library that prints must not mix with the parent's standard output.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGTERM);
  posix_spawnattr_setsigmask(&attributes, &blocked);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int problem = posix_spawn(&pid, command.front().c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (problem != 0) {
    throw Error(ErrorKind::Failure, text("cannot start a worker process: ", std::strerror(problem)));
  }
  return pid;
}

}  // namespace

ForkServerProcess::ForkServerProcess(std::vector<std::string> command) : command_(std::move(command)) {
  prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

ForkServerProcess::~ForkServerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
}

int ForkServerProcess::order_worker(int requests, int replies) {
  if (pid_ < 0) start();
  if (!send(requests, replies)) {  // it has died
    cause_of_death(number_);
    start();
    if (!send(requests, replies)) throw Error(ErrorKind::Failure, "cannot start a worker process: it takes no order");
  }
  return number_;
}

void ForkServerProcess::start() {
  if (pid_ > 0) {  // it takes no orders, so it is of no use
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw Error(ErrorKind::Failure, text("cannot create a socket: ", std::strerror(errno)));
  }
  orders_ = Descriptor(ends[0]);
  const Descriptor their_end(ends[1]);
  // Above the numbers of the standard streams, so that placing one never closes another.
  const Descriptor theirs(fcntl(their_end.get(), F_DUPFD_CLOEXEC, kFirstHighDescriptor));
  oom_kills_before_ = oom_kills();
  pid_ = -1;
  pid_ = start_process(command_, theirs.get());
  ++number_;
}

bool ForkServerProcess::send(int requests, int replies) const {
  const DescriptorMessage::Ends ends = {requests, replies};
  DescriptorMessage message;
  cmsghdr* header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(ends));
  std::memcpy(CMSG_DATA(header), ends.data(), sizeof(ends));
  return sendmsg(orders_.get(), &message.header, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
}

void ForkServerProcess::kill_now(int number) const {
  if (number == number_ && pid_ > 0) kill(pid_, SIGKILL);
}

std::string ForkServerProcess::cause_of_death(int number) {
  if (number == number_ && pid_ > 0) {
    const std::optional<int> status = wait_briefly(pid_);
    if (!status) return "the process between it and the fork server was ended";
    pid_ = -1;
    last_end_ = end_text(*status, oom_kills_before_);
  }
  return last_end_;
}

}  // namespace lumbargrade
