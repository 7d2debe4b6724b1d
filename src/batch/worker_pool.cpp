#include "batch/worker_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "batch/worker.h"
#include "core/error.h"

extern char** environ;

namespace lumbargrade {
namespace {

using Clock = std::chrono::steady_clock;
using Message = nlohmann::json;

constexpr int kPollMs = 100;
constexpr size_t kLongestReply = 1 << 20;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  int get() const { return value_; }

 private:
  int value_ = -1;
};

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
  for (const std::string& field : {study.study_id, study.folder.string(), result_file.string()}) {
    request += field;
    request.push_back('\0');
  }
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

/// One worker process and what it is at.
class Worker {
 public:
  explicit Worker(const std::vector<std::string>& command) {
    Pipe requests = make_pipe();
    Pipe replies = make_pipe();
    pid_ = start_process(command, requests.read_end.get(), replies.write_end.get());
    requests_ = std::move(requests.write_end);
    replies_ = std::move(replies.read_end);
  }
  ~Worker() { kill_and_wait(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int reply_descriptor() const { return replies_.get(); }
  bool is_idle() const { return ready && !study; }

  void send(const StudyFolder& next, const std::filesystem::path& result_file, double timeout_s) {
    study = next;
    deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(timeout_s));
    // A worker that died meanwhile is seen when its replies end.
    const std::string request = request_for(next, result_file);
    const char* rest = request.data();
    for (size_t left = request.size(); left > 0;) {
      const ssize_t written = write(requests_.get(), rest, left);
      if (written < 0 && errno != EINTR) return;
      if (written < 0) continue;
      rest += written;
      left -= static_cast<size_t>(written);
    }
  }

  /// Reads what is there; false when the replies have ended.
  bool read_some() {
    std::array<char, 65536> block{};
    const ssize_t count = read(replies_.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0 || buffer_.size() > kLongestReply) return false;
    buffer_.append(block.data(), static_cast<size_t>(count));
    return true;
  }

  std::optional<std::string> next_line() {
    const size_t end = buffer_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
  }

  void kill_now() const { kill(pid_, SIGKILL); }

  /// Waits for the end and says how it came.
  std::string cause_of_death() {
    int status = 0;
    kill_after_grace(status);
    pid_ = -1;
    if (timed_out) return "it took longer than --timeout-per-study and was stopped";
    if (WIFSIGNALED(status)) {
      return text("the process that read it was ended by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)),
                  WTERMSIG(status) == SIGKILL ? "; out of memory?)" : ")");
    }
    return text("the process that read it ended with exit code ", WEXITSTATUS(status), " (out of memory?)");
  }

  bool ready = false;
  bool timed_out = false;
  std::optional<StudyFolder> study;
  Clock::time_point deadline;

 private:
  /// The replies ended, so the process is ending: it gets a moment to do so by itself, then it is killed.
  void kill_after_grace(int& status) const {
    for (int i = 0; i < 200; ++i) {
      if (waitpid(pid_, &status, WNOHANG) == pid_) return;
      usleep(10'000);
    }
    kill(pid_, SIGKILL);
    waitpid(pid_, &status, 0);
  }

  void kill_and_wait() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  pid_t pid_ = -1;
  Descriptor requests_;
  Descriptor replies_;
  std::string buffer_;
};

StudyOutcome outcome_from(const StudyFolder& study, const Message& reply) {
  StudyOutcome outcome;
  outcome.study = study;
  outcome.graded = reply.at("graded");
  if (outcome.graded) {
    outcome.times = {reply.at("read_ms"), reply.at("levels_ms"), reply.at("grade_ms")};
    outcome.warnings = reply.at("warnings");
    if (reply.contains("overview")) outcome.overview = reply.at("overview");
  } else {
    outcome.failure = {study.study_id, reply.at("stage"), reply.at("reason"), study.folder.string()};
  }
  return outcome;
}

class Pool {
 public:
  Pool(const std::vector<StudyFolder>& studies, const PoolOptions& options, const PoolCalls& calls)
      : studies_(studies), options_(options), calls_(calls) {}

  GraderIdentity run() {
    const auto wanted = std::min(studies_.size(), static_cast<size_t>(std::max(1, options_.workers)));
    for (size_t i = 0; i < wanted; ++i) workers_.push_back(std::make_unique<Worker>(options_.command));
    while (is_busy()) {
      const PoolControl wish = calls_.wish();
      if (wish == PoolControl::Abort) break;
      if (wish == PoolControl::Drain) next_ = studies_.size();
      hand_out();
      wait_for_replies();
      stop_late_workers();
    }
    return loaded_;
  }

 private:
  bool is_busy() const {
    if (next_ < studies_.size()) return true;
    return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->study.has_value(); });
  }

  void hand_out() {
    for (auto& worker : workers_) {
      if (next_ == studies_.size()) return;
      if (!worker->is_idle()) continue;
      const StudyFolder& study = studies_[next_++];
      worker->send(study, calls_.result_file(study), options_.study_timeout_s);
    }
  }

  void wait_for_replies() {
    std::vector<pollfd> watched;
    for (const auto& worker : workers_) watched.push_back({worker->reply_descriptor(), POLLIN, 0});
    if (poll(watched.data(), watched.size(), kPollMs) <= 0) return;
    for (size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].revents != 0) read_replies(workers_[i]);
    }
  }

  void read_replies(std::unique_ptr<Worker>& worker) {
    if (!worker->read_some()) return reap(worker);
    while (const auto line = worker->next_line()) {
      const Message reply = Message::parse(*line, nullptr, false);
      if (!reply.is_object()) return worker->kill_now();
      worker->ready ? take_outcome(*worker, reply) : on_ready(*worker, reply);
    }
  }

  void on_ready(Worker& worker, const Message& reply) {
    if (!reply.at("ready").get<bool>()) {
      throw Error(static_cast<ErrorKind>(reply.at("kind").get<int>()), reply.at("reason").get<std::string>());
    }
    loaded_.bundle_folder = reply.at("bundle_folder").get<std::string>();
    loaded_.bundle_name = reply.at("bundle_name");
    loaded_.bundle_version = reply.at("bundle_version");
    loaded_.bundle_sha256 = reply.at("bundle_sha256");
    loaded_.device = reply.at("device");
    loaded_.threads = reply.at("threads");
    worker.ready = true;
  }

  void take_outcome(Worker& worker, const Message& reply) {
    const StudyOutcome outcome = outcome_from(*worker.study, reply);
    worker.study.reset();
    // A result that cannot be written is no fault of the study: nothing after it could be written either.
    if (!outcome.graded && outcome.failure.stage == "write") throw Error(ErrorKind::Failure, outcome.failure.reason);
    calls_.finished(outcome);
  }

  void reap(std::unique_ptr<Worker>& worker) {
    const std::string cause = worker->cause_of_death();
    if (!worker->ready) throw Error(ErrorKind::Failure, text("a worker process did not start: ", cause));
    if (worker->study) {
      StudyOutcome outcome;
      outcome.study = *worker->study;
      outcome.failure = {worker->study->study_id, "process", cause, worker->study->folder.string()};
      calls_.finished(outcome);
    }
    worker = std::make_unique<Worker>(options_.command);
  }

  void stop_late_workers() {
    for (auto& worker : workers_) {
      if (!worker->study || Clock::now() < worker->deadline) continue;
      worker->timed_out = true;
      worker->kill_now();
      reap(worker);
    }
  }

  const std::vector<StudyFolder>& studies_;
  const PoolOptions& options_;
  const PoolCalls& calls_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t next_ = 0;
  GraderIdentity loaded_;
};

}  // namespace

GraderIdentity run_pool(const std::vector<StudyFolder>& studies, const PoolOptions& options, const PoolCalls& calls) {
  std::signal(SIGPIPE, SIG_IGN);  // a request to a worker that just died must not end this process
  return studies.empty() ? GraderIdentity{} : Pool(studies, options, calls).run();
}

}  // namespace lumbargrade
