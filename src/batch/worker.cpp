#include "batch/worker.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "batch/study_overview.h"
#include "core/atomic_file.h"
#include "pipeline/prepare_study.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"

namespace lumbargrade {
namespace {

using Message = nlohmann::json;

void limit_process(int memory_limit_mib) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (memory_limit_mib > 0) {
    const rlim_t bytes = static_cast<rlim_t>(memory_limit_mib) << 20;
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_DATA, &limit);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

bool answer(const Message& reply) {
  const std::string line = reply.dump(-1, ' ', false, Message::error_handler_t::replace) + "\n";
  return write(kReplyDescriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

struct Request {
  std::string study_id;
  std::string folder;
  std::string result_file;
};

std::optional<Request> next_request() {
  Request request;
  for (std::string* field : {&request.study_id, &request.folder, &request.result_file}) {
    if (!std::getline(std::cin, *field, '\0') || std::cin.eof()) return std::nullopt;
  }
  return request;
}

/// The words of the C++ library, LibTorch and OpenCV for a refused allocation.
bool says_out_of_memory(const std::string& reason) {
  for (const char* words : {"bad_alloc", "allocate memory", "to allocate"}) {
    if (reason.find(words) != std::string::npos) return true;
  }
  return false;
}

Message failed(const Error& error, const std::string& stage, const WorkerOptions& options) {
  std::string reason = error.what();
  if (options.memory_limit_mib > 0 && says_out_of_memory(reason)) {
    reason = text("needs more memory than --memory-limit ", options.memory_limit_mib, " MiB (", reason, ")");
  }
  return {{"graded", false}, {"kind", error.exit_code()}, {"stage", stage}, {"reason", reason}};
}

Message inspect(const Request& request, const WorkerOptions& options, const Grader& grader) {
  const Stopwatch reading;
  const Study study = prepare_study(request.folder, options.series, grader.locate, StudyContent::Headers).study;
  return {{"graded", true}, {"read_ms", reading.elapsed_ms()}, {"levels_ms", 0},
          {"grade_ms", 0},  {"warnings", study.warnings},      {"overview", overview_cells(study)}};
}

Message grade_and_write(const Request& request, const WorkerOptions& options, const Grader& grader) {
  const StudyResult result = grade_study(request.folder, options.series, grader);
  try {
    write_file_atomically(request.result_file, grades_csv(request.study_id, result.grades));
  } catch (const Error& error) {
    return failed(error, "write", options);
  }
  return {{"graded", true},
          {"read_ms", result.times.read_ms},
          {"levels_ms", result.times.levels_ms},
          {"grade_ms", result.times.grade_ms},
          {"warnings", result.warnings}};
}

Message answer_to(const Request& request, const WorkerOptions& options, const Grader& grader) {
  try {
    return options.only_inspect ? inspect(request, options, grader) : grade_and_write(request, options, grader);
  } catch (const StudyError& error) {
    return failed(error, error.stage(), options);
  } catch (const std::exception& error) {
    return failed(Error(ErrorKind::Failure, error.what()), "read", options);
  }
}

Message readiness(const GraderIdentity& loaded) {
  return {{"ready", true},
          {"bundle_folder", loaded.bundle_folder.string()},
          {"bundle_name", loaded.bundle_name},
          {"bundle_version", loaded.bundle_version},
          {"bundle_sha256", loaded.bundle_sha256},
          {"device", loaded.device},
          {"threads", loaded.threads}};
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  limit_process(options.memory_limit_mib);
  LoadedGrader loaded;
  try {
    if (!options.only_inspect || options.grader.bundle) loaded = load_grader(options.grader);
  } catch (const Error& error) {
    answer({{"ready", false}, {"kind", error.exit_code()}, {"reason", error.what()}});
    return error.exit_code();
  }
  if (!answer(readiness(loaded))) return static_cast<int>(ErrorKind::Failure);
  while (const auto request = next_request()) {
    if (!answer(answer_to(*request, options, loaded.grader))) return static_cast<int>(ErrorKind::Failure);
  }
  return 0;
}

}  // namespace lumbargrade
