#include "batch/worker_pool.h"

#include <poll.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "batch/worker_process.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

using Message = nlohmann::json;

constexpr int kPollMs = 100;
constexpr size_t kMostFailedStarts = 3;  // for each worker, none of all ready between them
constexpr auto kMostStarting = 32;       // workers at once: a socket takes the orders of hundreds

StudyOutcome failed_outcome(const StudyFolder& study, const std::string& stage, const std::string& reason) {
  StudyOutcome outcome;
  outcome.study = study;
  outcome.failure = {study.study_id, stage, reason, study.folder.string()};
  return outcome;
}

StudyOutcome outcome_from(const StudyFolder& study, const Message& reply) {
  if (!reply.at("graded").get<bool>()) return failed_outcome(study, reply.at("stage"), reply.at("reason"));
  StudyOutcome outcome;
  outcome.study = study;
  outcome.graded = true;
  outcome.times = {reply.at("read_ms"), reply.at("levels_ms"), reply.at("grade_ms")};
  outcome.warnings = reply.at("warnings");
  if (reply.contains("overview")) outcome.overview = reply.at("overview");
  return outcome;
}

GraderIdentity info_from(const Message& reply) {
  GraderIdentity info;
  info.bundle_folder = reply.at("bundle_folder").get<std::string>();
  info.bundle_name = reply.at("bundle_name");
  info.bundle_version = reply.at("bundle_version");
  info.bundle_sha256 = reply.at("bundle_sha256");
  info.device = reply.at("device");
  info.precision = reply.at("precision");
  info.threads = reply.at("threads");
  return info;
}

class Pool {
 public:
  Pool(const std::vector<StudyFolder>& studies, const PoolOptions& options, const PoolCalls& calls)
      : studies_(studies),
        options_(options),
        calls_(calls),
        wanted_(std::min(studies_.size(), static_cast<size_t>(std::max(1, options_.workers)))),
        fork_server_(options_.command) {}

  GraderIdentity run() {
    start_missing();
    while (is_busy()) {
      const PoolControl control = calls_.control();
      if (control == PoolControl::Abort) break;
      if (control == PoolControl::Drain) next_ = studies_.size();
      hand_out();
      wait_for_replies();
      stop_late_workers();
      std::erase(workers_, nullptr);
      start_missing();
    }
    return info_;
  }

 private:
  using WorkerPointer = std::unique_ptr<WorkerProcess>;

  void start_missing() {
    auto starting = std::count_if(workers_.begin(), workers_.end(), [](const auto& w) { return !w->is_ready(); });
    for (; workers_.size() < wanted_ && starting < kMostStarting; ++starting) {
      workers_.push_back(
          std::make_unique<WorkerProcess>(fork_server_, std::max(options_.start_timeout_s, options_.study_timeout_s)));
    }
  }

  bool is_busy() const {
    if (next_ < studies_.size()) return true;
    return std::any_of(workers_.begin(), workers_.end(),
                       [](const auto& worker) { return worker->study().has_value(); });
  }

  void hand_out() {
    for (const WorkerPointer& worker : workers_) {
      if (next_ == studies_.size()) return;
      if (!worker->is_idle()) continue;
      const StudyFolder& study = studies_[next_++];
      worker->begin(study, calls_.result_file(study), options_.study_timeout_s);
    }
  }

  void wait_for_replies() {
    std::vector<pollfd> watched;
    for (const WorkerPointer& worker : workers_) {
      watched.push_back({worker->reply_descriptor(), POLLIN, 0});
      watched.push_back({worker->has_unsent() ? worker->request_descriptor() : -1, POLLOUT, 0});
    }
    if (poll(watched.data(), watched.size(), kPollMs) <= 0) return;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (watched[2 * i + 1].revents != 0) workers_[i]->send_some();
      if (watched[2 * i].revents != 0) read_replies(workers_[i]);
    }
  }

  void read_replies(WorkerPointer& worker) {
    if (!worker->read_some()) return reap(worker);
    while (const auto line = worker->next_line()) {
      if (!take_reply(*worker, *line)) return worker->kill_now();
    }
  }

  /// False when it is none.
  bool take_reply(WorkerProcess& worker, const std::string& line) {
    const Message reply = Message::parse(line, nullptr, false);
    if (!reply.is_object()) return false;
    try {
      return take_message(worker, reply);
    } catch (const Message::exception&) {  // keys are missing or of another type
      return false;
    }
  }

  bool take_message(WorkerProcess& worker, const Message& reply) {
    if (!worker.is_born() && reply.contains("pid")) {
      worker.set_born(reply.at("pid"));
    } else if (!worker.is_ready()) {
      on_ready(worker, reply);
    } else if (worker.study()) {
      take_outcome(worker, reply);
    } else {
      return false;
    }
    return true;
  }

  void on_ready(WorkerProcess& worker, const Message& reply) {
    if (!reply.at("ready").get<bool>()) {
      throw Error(static_cast<ErrorKind>(reply.at("kind").get<int>()), reply.at("reason").get<std::string>());
    }
    info_ = info_from(reply);
    worker.set_ready();
    failed_starts_ = 0;
  }

  void take_outcome(WorkerProcess& worker, const Message& reply) {
    const StudyOutcome outcome = outcome_from(*worker.study(), reply);
    const bool stops_all = reply.value("stops_all", false);
    worker.end_study();
    // A disk that takes no result is no fault of the study: nothing after it could be written either.
    if (stops_all) throw Error(ErrorKind::Failure, outcome.failure.reason);
    calls_.finished(outcome);
  }

  void reap(WorkerPointer& worker) {
    const std::string cause = worker->cause_of_death();
    if (!worker->is_ready() && ++failed_starts_ >= kMostFailedStarts * wanted_) {
      throw Error(ErrorKind::Failure, text("worker processes do not start: ", cause));
    }
    if (worker->study()) calls_.finished(failed_outcome(*worker->study(), "process", cause));
    worker.reset();
  }

  void stop_late_workers() {
    for (WorkerPointer& worker : workers_) {
      if (!worker || !worker->is_late(WorkerProcess::Clock::now())) continue;
      worker->stop_late();
      reap(worker);
    }
  }

  const std::vector<StudyFolder>& studies_;
  const PoolOptions& options_;
  const PoolCalls& calls_;
  size_t wanted_;
  ForkServerProcess fork_server_;  ///< outlives the workers
  std::vector<WorkerPointer> workers_;
  size_t next_ = 0;
  size_t failed_starts_ = 0;
  GraderIdentity info_;
};

}  // namespace

GraderIdentity run_pool(const std::vector<StudyFolder>& studies, const PoolOptions& options, const PoolCalls& calls) {
  std::signal(SIGPIPE, SIG_IGN);  // a request to a worker that just died must not end this process
  return studies.empty() ? GraderIdentity{} : Pool(studies, options, calls).run();
}

}  // namespace lumbargrade
