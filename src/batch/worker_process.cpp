#include "batch/worker_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "batch/worker.h"
#include "core/error.h"

extern char** environ;

namespace lumbargrade {
namespace {

constexpr size_t kLongestReply = size_t{8} << 20;  // a worker keeps its warnings far below

struct Pipe {
  Descriptor read_end;
  Descriptor write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorKind::Failure, text("cannot create a pipe: ", std::strerror(errno)));
  }
  // Far above the numbers that a worker's standard streams and its reply get, so that placing one never closes another.
  Pipe high{Descriptor(fcntl(ends[0], F_DUPFD_CLOEXEC, 16)), Descriptor(fcntl(ends[1], F_DUPFD_CLOEXEC, 16))};
  close(ends[0]);
  close(ends[1]);
  return high;
}

std::string request_for(const StudyFolder& study, const std::filesystem::path& result_file) {
  std::string request;
  const auto add = [&](const std::string& field) {
    request += field;
    request.push_back('\0');
  };
  add(study.study_id);
  add(study.folder.string());
  add(study.study_instance_uid);
  add(result_file.string());
  add(std::to_string(study.files.size()));
  for (const auto& file : study.files) add(file.string());
  return request;
}

/// Starts a process with its three streams in place. SIGINT and SIGTERM are blocked in it, from its first instruction:
/// Ctrl-C reaches the whole terminal's group and a cluster's SIGTERM the whole job; the parent decides what to do.
pid_t start_process(const std::vector<std::string>& command, int requests, int replies) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, requests, STDIN_FILENO);
  // Results go to files: a library that prints must not mix with the parent's standard output.
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, replies, kReplyDescriptor);
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

/// How many processes the kernel has killed for want of memory on this machine; 0 where it does not tell.
long oom_kills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  for (long count = 0; file >> name >> count;) {
    if (name == "oom_kill") return count;
  }
  return 0;
}

std::string signal_text(int signal, bool is_oom_kill) {
  if (signal == SIGKILL && is_oom_kill) {
    return "the machine ran out of memory and the kernel's OOM killer ended the process that read it; take fewer "
           "--jobs "
           "or a smaller --memory-limit";
  }
  const std::string ended = text("the process that read it was ended by signal ", signal, " (", strsignal(signal), ")");
  return signal == SIGKILL ? ended + ", sent by another process or the batch system" : ended;
}

WorkerProcess::Clock::time_point after(double seconds) {
  return WorkerProcess::Clock::now() +
         std::chrono::duration_cast<WorkerProcess::Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) close(value_);
}

WorkerProcess::WorkerProcess(const std::vector<std::string>& command, double start_limit_s)
    : oom_kills_before_(oom_kills()), deadline_(after(start_limit_s)) {
  Pipe requests = make_pipe();
  Pipe replies = make_pipe();
  pid_ = start_process(command, requests.read_end.get(), replies.write_end.get());
  requests_ = std::move(requests.write_end);
  replies_ = std::move(replies.read_end);
  fcntl(requests_.get(), F_SETFL, O_NONBLOCK);
}

WorkerProcess::~WorkerProcess() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void WorkerProcess::begin(const StudyFolder& study, const std::filesystem::path& result_file, double limit_s) {
  study_ = study;
  deadline_ = after(limit_s);
  unsent_ = request_for(study, result_file);
  send_some();
}

void WorkerProcess::send_some() {
  while (!unsent_.empty()) {
    const ssize_t written = write(requests_.get(), unsent_.data(), unsent_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written < 0) return unsent_.clear();  // it died meanwhile: seen when its replies end
    unsent_.erase(0, static_cast<size_t>(written));
  }
}

bool WorkerProcess::read_some() {
  std::array<char, 65536> block{};
  const ssize_t count = read(replies_.get(), block.data(), block.size());
  if (count < 0 && errno == EINTR) return true;
  has_endless_reply_ = received_.size() > kLongestReply;
  if (count <= 0 || has_endless_reply_) return false;
  received_.append(block.data(), static_cast<size_t>(count));
  return true;
}

std::optional<std::string> WorkerProcess::next_line() {
  const size_t end = received_.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return line;
}

void WorkerProcess::kill_now() const {
  kill(pid_, SIGKILL);
}

void WorkerProcess::stop_late() {
  is_stopped_as_late_ = true;
  kill_now();
}

/// The replies ended, so the process is ending: it gets a moment to do so by itself, then it is killed.
int WorkerProcess::wait_for_end() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  if (has_endless_reply_) kill(pid, SIGKILL);
  for (int i = 0; i < 200; ++i) {
    if (waitpid(pid, &status, WNOHANG) == pid) return status;
    usleep(10'000);
  }
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  return status;
}

std::string WorkerProcess::cause_of_death() {
  const int status = wait_for_end();
  if (is_stopped_as_late_) {
    return is_ready_ ? "it took longer than --timeout-per-study and was stopped"
                     : "it took longer to load the bundle than a study may take and was stopped";
  }
  if (has_endless_reply_) return text("what it had to tell was longer than ", kLongestReply >> 20, " MiB");
  if (WIFSIGNALED(status)) return signal_text(WTERMSIG(status), oom_kills() > oom_kills_before_);
  return text("the process that read it ended with exit code ", WEXITSTATUS(status), " (out of memory?)");
}

}  // namespace lumbargrade
