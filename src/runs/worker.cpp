#include "runs/worker.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "report/grades_csv.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::json;

void limit_process(int memory_limit_mib) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole group; the parent decides what to do
  if (memory_limit_mib > 0) {
    const rlim_t bytes = static_cast<rlim_t>(memory_limit_mib) << 20;
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_DATA, &limit);
  }
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

bool answer(const Json& reply) {
  const std::string line = reply.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return write(kReplyDescriptor, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

Json failed(const Error& error, const std::string& stage) {
  return {{"graded", false}, {"kind", error.exit_code()}, {"stage", stage}, {"reason", error.what()}};
}

Json grade_and_write(const Json& request, const WorkerOptions& options, const Grader& grader) {
  const std::string study_id = request.at("study_id");
  const StudyResult result = grade_study(request.at("folder").get<std::string>(), options.series, grader);
  try {
    write_file_atomically(request.at("result_file").get<std::string>(), grades_csv(study_id, result.grades));
  } catch (const Error& error) {
    return failed(error, "write");
  }
  return {{"graded", true},
          {"read_ms", result.times.read_ms},
          {"levels_ms", result.times.levels_ms},
          {"grade_ms", result.times.grade_ms},
          {"warnings", result.warnings}};
}

Json answer_to(const std::string& line, const WorkerOptions& options, const Grader& grader) {
  try {
    return grade_and_write(Json::parse(line), options, grader);
  } catch (const StudyError& error) {
    return failed(error, error.stage());
  } catch (const std::exception& error) {
    return failed(Error(ErrorKind::Failure, error.what()), "read");
  }
}

Json readiness(const LoadedGrader& loaded) {
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
    loaded = load_grader(options.grader);
  } catch (const Error& error) {
    answer({{"ready", false}, {"kind", error.exit_code()}, {"reason", error.what()}});
    return error.exit_code();
  }
  if (!answer(readiness(loaded))) return static_cast<int>(ErrorKind::Failure);
  for (std::string line; std::getline(std::cin, line);) {
    if (!answer(answer_to(line, options, loaded.grader))) return static_cast<int>(ErrorKind::Failure);
  }
  return 0;
}

}  // namespace lumbargrade
