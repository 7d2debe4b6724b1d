#include "batch/worker.h"

#include <sys/resource.h>

#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "batch/fork_server.h"
#include "batch/index.h"
#include "batch/result_file.h"
#include "batch/study_summary.h"
#include "core/atomic_file.h"
#include "core/process_memory.h"
#include "pipeline/device.h"
#include "pipeline/prepare_study.h"
#include "pipeline/report_files.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"

namespace lumbargrade {
namespace {

using Message = nlohmann::json;

/// What a study takes is counted (memory_budget.h); twice as much, of private memory, is for what escapes the count.
void limit_process(int memory_limit_mib) {
  limit_private_memory(static_cast<std::uint64_t>(memory_limit_mib) << 21);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
}

struct Request {
  StudyFolder study;
  std::string result_file;
};

bool next_field(std::string& field) {
  return std::getline(std::cin, field, '\0') && !std::cin.eof();
}

std::optional<Request> next_request() {
  Request request;
  std::string folder, count;
  if (!next_field(request.study.study_id) || !next_field(folder) || !next_field(request.study.study_instance_uid) ||
      !next_field(request.result_file) || !next_field(count)) {
    return std::nullopt;
  }
  request.study.folder = folder;
  for (unsigned long left = std::stoul(count); left > 0; --left) {
    std::string file;
    if (!next_field(file)) return std::nullopt;
    request.study.files.emplace_back(file);
  }
  return request;
}

StudyOptions series_options(const Request& request, const WorkerOptions& options) {
  StudyOptions series = options.series;
  series.files = request.study.files;
  if (!request.study.study_instance_uid.empty()) series.study_uid = request.study.study_instance_uid;
  return series;
}

/// The words of the C++ library, LibTorch and OpenCV for a refused allocation.
bool says_out_of_memory(const std::string& reason) {
  for (const char* words : {"bad_alloc", "allocate memory", "to allocate"}) {
    if (reason.find(words) != std::string::npos) return true;
  }
  return false;
}

/// What bounds this process's memory, in the user's words.
std::string memory_bounds(const WorkerOptions& options) {
  std::string bounds = text("--memory-limit ", options.series.memory_limit_mib, " MiB");
  rlimit address_space{};
  if (getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
    bounds += text(" or ulimit -v ", address_space.rlim_cur >> 10, " (KiB)");
  }
  return bounds;
}

Message failed(const Error& error, const std::string& stage, const WorkerOptions& options) {
  std::string reason = bounded_warnings({error.what()}).front();
  if (says_out_of_memory(reason)) {
    reason = text("needs more memory than ", memory_bounds(options), " (", reason, ")");
  }
  return {{"graded", false}, {"kind", error.exit_code()}, {"stage", stage}, {"reason", reason}};
}

Message graded(const StudyTimes& times, const std::vector<std::string>& warnings) {
  return {{"graded", true},
          {"read_ms", times.read_ms},
          {"levels_ms", times.levels_ms},
          {"grade_ms", times.grade_ms},
          {"warnings", bounded_warnings(warnings)}};
}

Message inspect(const Request& request, const WorkerOptions& options, const Grader& grader) {
  const Stopwatch reading;
  const Study study =
      prepare_study(request.study.folder, series_options(request, options), grader.locate, StudyContent::Headers).study;
  Message reply = graded({reading.elapsed_ms()}, study.warnings);
  reply["overview"] = overview_cells(study);
  return reply;
}

/// The page is named as the data set names the study.
void write_reports(const StudyAndResult& graded, const Request& request, const WorkerOptions& options,
                   const LoadedGrader& loaded) {
  StudyReport report = make_study_report(graded, loaded, options.program);
  report.study_id = request.study.study_id;
  const std::filesystem::path folder =
      std::filesystem::path(options.reports) / report_folder_of(request.study.study_id);
  write_indexed_page(folder, report);
  if (options.dicom.empty()) return;
  ReportOptions results;
  results.dicom = options.dicom;
  write_report_files(folder, report, results, loaded.grader,
                     deciding_options(options.series, options.grader, loaded.precision));
}

Message grade_and_write(const Request& request, const WorkerOptions& options, const LoadedGrader& loaded) {
  const std::string& study_id = request.study.study_id;
  // Before the files are read: what changes meanwhile makes the result stale.
  const std::string fingerprint = input_fingerprint(request.study);
  const StudyAndResult study = read_and_grade(request.study.folder, series_options(request, options), loaded.grader);
  const StudyResult& result = study.result;
  try {
    if (!options.reports.empty()) write_reports(study, request, options, loaded);
    write_file_atomically(request.result_file,
                          result_file_text(grades_csv(study_id, result.study_instance_uid, result.grades),
                                           {study_id, fingerprint, summary_cells(study_id, result)}));
  } catch (const FileError& error) {
    Message reply = failed(error, "write", options);
    reply["stops_all"] = error.code() != EFBIG;  // a limit on file sizes may let other results pass
    return reply;
  }
  return graded(result.times, result.warnings);
}

Message answer_to(const Request& request, const WorkerOptions& options, const LoadedGrader& loaded) {
  try {
    return options.only_inspect ? inspect(request, options, loaded.grader) : grade_and_write(request, options, loaded);
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
          {"precision", loaded.precision},
          {"threads", loaded.threads}};
}

/// With one thread, of which a process may have no more before it forks.
LoadedGrader loaded_with_one_thread(const WorkerOptions& options) {
  if (options.only_inspect && !options.grader.bundle) return {};
  GraderOptions grader = options.grader;
  grader.threads = 1;
  return load_grader(grader);
}

/// Answers requests until there are no more; the exit code.
int grade_requests(int replies, const WorkerOptions& options, const LoadedGrader& loaded) {
  if (!send_reply(replies, readiness(loaded))) return static_cast<int>(ErrorKind::Failure);
  while (const auto request = next_request()) {
    if (!send_reply(replies, answer_to(*request, options, loaded))) return static_cast<int>(ErrorKind::Failure);
  }
  return 0;
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  limit_process(options.series.memory_limit_mib);
  LoadedGrader loaded;
  const auto load = [&] { loaded = loaded_with_one_thread(options); };
  const bool is_shared = !may_touch_gpu(options.grader.device);
  const auto load_shared = [&] {
    if (is_shared) load();
  };
  return run_fork_server(load_shared, [&](int replies) {
    try {
      if (!is_shared) load();
    } catch (const Error& error) {
      send_reply(replies, not_ready(error));
      return error.exit_code();
    }
    use_threads(loaded, options.grader.threads);
    return grade_requests(replies, options, loaded);
  });
}

}  // namespace lumbargrade
