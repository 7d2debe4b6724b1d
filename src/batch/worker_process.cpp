#include "batch/worker_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "batch/process_end.h"
#include "core/error.h"

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
  return {Descriptor(ends[0]), Descriptor(ends[1])};
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

WorkerProcess::Clock::time_point after(double seconds) {
  return WorkerProcess::Clock::now() +
         std::chrono::duration_cast<WorkerProcess::Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

WorkerProcess::WorkerProcess(ForkServerProcess& fork_server, double start_limit_s)
    : fork_server_(fork_server), oom_kills_before_(oom_kills()), deadline_(after(start_limit_s)) {
  Pipe requests = make_pipe();
  Pipe replies = make_pipe();
  fork_server_number_ = fork_server_.order_worker(requests.read_end.get(), replies.write_end.get());
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
  is_born() ? static_cast<void>(kill(pid_, SIGKILL)) : fork_server_.kill_now(fork_server_number_);
}

void WorkerProcess::stop_late() {
  is_stopped_as_late_ = true;
  kill_now();
}

/// The replies ended, so the process is ending: it gets a moment to do so by itself, then it is killed.
std::string WorkerProcess::end_of_process() {
  if (!is_born()) return fork_server_.cause_of_death(fork_server_number_);
  const pid_t pid = std::exchange(pid_, -1);
  if (has_endless_reply_) kill(pid, SIGKILL);
  std::optional<int> status = wait_briefly(pid);
  if (!status) {
    kill(pid, SIGKILL);
    waitpid(pid, &status.emplace(), 0);
  }
  return end_text(*status, oom_kills_before_);
}

std::string WorkerProcess::cause_of_death() {
  std::string end = end_of_process();
  if (is_stopped_as_late_) {
    return is_ready_ ? "it took longer than --timeout-per-study and was stopped"
                     : "it took longer to load the bundle than a study may take and was stopped";
  }
  if (has_endless_reply_) return text("what it had to tell was longer than ", kLongestReply >> 20, " MiB");
  return end;
}

}  // namespace lumbargrade
