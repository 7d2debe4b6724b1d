#include "cli/batch_options.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/commands.h"
#include "cli/grade_options.h"
#include "core/log.h"
#include "network/sha256.h"
#include "report/grades_csv.h"
#include "runs/stopwatch.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kResultFormat = 1;

int resolved_jobs(const BatchArguments& arguments) {
  if (arguments.jobs > 0) return arguments.jobs;
  // A GPU is shared by few processes; on a CPU one process with one thread per core is fastest.
  if (arguments.worker.grader.device != "cpu") return 2;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

int resolved_threads(const BatchArguments& arguments, int jobs) {
  if (arguments.deterministic) return 1;
  if (arguments.worker.grader.threads > 0) return arguments.worker.grader.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / jobs);
}

void append(std::vector<std::string>& command, const char* name, const std::string& value) {
  if (!value.empty()) command.insert(command.end(), {name, value});
}

std::vector<std::string> worker_command(const WorkerOptions& options, const fs::path& bundle, int threads) {
  std::vector<std::string> command = {fs::read_symlink("/proc/self/exe").string(), "--quiet", "worker"};
  append(command, "--bundle", bundle.string());
  append(command, "--device", options.grader.device);
  append(command, "--threads", std::to_string(threads));
  append(command, "--lowest-disc", options.grader.lowest_disc);
  append(command, "--memory-limit", std::to_string(options.memory_limit_mib));
  append(command, "--series-descriptions", options.series.series_descriptions.string());
  append(command, "--sagittal-t1", options.series.sagittal_t1);
  append(command, "--sagittal-t2", options.series.sagittal_t2);
  for (const std::string& axial : options.series.axial_t2) append(command, "--axial-t2", axial);
  return command;
}

/// The hash of a file that the results depend on, "" for none.
std::string hash_of(const fs::path& file) {
  return file.empty() ? "" : sha256_of_file(file);
}

RunIdentity identity_of(const BatchArguments& arguments, const fs::path& bundle, int threads) {
  RunIdentity identity = {{"format", kResultFormat},
                          {"bundle_sha256", sha256_of_file(bundle / kManifestFile)},
                          {"device", arguments.worker.grader.device},
                          {"lowest_disc", arguments.worker.grader.lowest_disc},
                          {"sagittal_t1", arguments.worker.series.sagittal_t1},
                          {"sagittal_t2", arguments.worker.series.sagittal_t2},
                          {"axial_t2", arguments.worker.series.axial_t2},
                          {"series_descriptions_sha256", hash_of(arguments.worker.series.series_descriptions)}};
  // Thread counts change the last digits: only runs that promise the same bytes care.
  if (arguments.deterministic) identity["deterministic_threads"] = threads;
  return identity;
}

size_t done(const BatchCounts& counts) {
  return counts.skipped + counts.graded + counts.failed;
}

std::string progress_text(const BatchCounts& counts, double elapsed_s) {
  const size_t now = counts.graded + counts.failed;
  const double rate = elapsed_s > 0 ? static_cast<double>(now) / elapsed_s : 0;
  std::string line = text(done(counts), "/", counts.shard, " studies");
  if (counts.failed > 0) line += text(", ", counts.failed, " failed");
  if (rate <= 0) return line;
  char buffer[96];
  const double left_s = static_cast<double>(counts.left) / rate;
  std::snprintf(buffer, sizeof buffer, ", %.2f studies/s, %ld:%02ld:%02ld left", rate, static_cast<long>(left_s / 3600),
                static_cast<long>(left_s / 60) % 60, static_cast<long>(left_s) % 60);
  return line + buffer;
}

void draw_bar(const BatchCounts& counts, double elapsed_s) {
  constexpr size_t kWidth = 30;
  const size_t filled = counts.shard == 0 ? kWidth : std::min(kWidth, kWidth * done(counts) / counts.shard);
  std::cerr << "\r[" << std::string(filled, '#') << std::string(kWidth - filled, ' ') << "] "
            << progress_text(counts, elapsed_s) << "\x1b[K" << (counts.left == 0 ? "\n" : "") << std::flush;
}

class PlainProgress {
 public:
  void operator()(const BatchCounts& counts) {
    const double now_s = watch_.elapsed_ms() / 1000;
    if (counts.left > 0 && now_s < next_s_) return;
    next_s_ = now_s + kIntervalS;
    log_info(progress_text(counts, now_s));
  }

 private:
  static constexpr double kIntervalS = 30;
  Stopwatch watch_;
  double next_s_ = 0;
};

}  // namespace

void add_batch_options(CLI::App& command, BatchArguments& arguments) {
  const char* group = "Running";
  command
      .add_option("-j,--jobs", arguments.jobs,
                  "Studies at a time, each in a process of its own (default: one per core)")
      ->check(CLI::Range(1, 256))
      ->group(group);
  command.add_flag("--redo", arguments.redo, "Throw away finished results and begin again")->group(group);
  command.add_flag("--fail-fast", arguments.fail_fast, "Stop after the first study that fails")->group(group);
  command
      .add_option("--max-failures", arguments.max_failures, "Stop when more studies than this failed (default: never)")
      ->group(group);
  command.add_option("--timeout-per-study", arguments.study_timeout_s, "Give a study up after this many seconds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command.add_option("--memory-limit", arguments.worker.memory_limit_mib, "Memory of one process in MiB; 0: no limit")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command.add_flag("--deterministic", arguments.deterministic, "Same bytes whatever --jobs and the number of shards")
      ->group(group);
  command.add_option("--progress", arguments.progress, "auto, bar, plain or none, on standard error")
      ->check(CLI::IsMember({"auto", "bar", "plain", "none"}))
      ->capture_default_str()
      ->group(group);
  static const std::map<std::string, StudyDepth> depths = {
      {"auto", StudyDepth::Auto}, {"leaf", StudyDepth::Leaf}, {"parent", StudyDepth::Parent}};
  command
      .add_option("--study-folder", arguments.depth,
                  "What is a study: leaf, the folder that holds files; parent, the one above; auto, the one above "
                  "unless that is the data set (default: auto)")
      ->transform(CLI::CheckedTransformer(depths))
      ->group("Series");
}

BatchOptions resolved(const BatchArguments& arguments, const fs::path& data_set, const fs::path& output,
                      const Shard& shard) {
  BatchOptions options;
  const int jobs = resolved_jobs(arguments);
  const int threads = resolved_threads(arguments, jobs);
  const fs::path bundle = find_bundle(arguments.worker.grader.bundle);
  if (!fs::exists(bundle / kManifestFile)) {
    throw Error(ErrorKind::BundleInvalid, text("no model bundle in ", bundle.string()));
  }
  options.data_set = data_set;
  options.output = output;
  options.depth = arguments.depth;
  options.shard = shard;
  options.redo = arguments.redo;
  options.fail_fast = arguments.fail_fast;
  options.max_failures = arguments.max_failures;
  options.pool = {worker_command(arguments.worker, bundle, threads), jobs, arguments.study_timeout_s};
  options.identity = identity_of(arguments, bundle, threads);
  log_debug(text("bundle ", bundle.string(), ", ", jobs, " jobs of ", threads, " threads"));
  return options;
}

BatchProgress make_progress(const std::string& kind) {
  const bool bar = kind == "bar" || (kind == "auto" && isatty(STDERR_FILENO) != 0);
  if (kind == "none" || !is_logged(LogLevel::Info)) return [](const BatchCounts&) {};
  if (!bar) return [plain = PlainProgress()](const BatchCounts& counts) mutable { plain(counts); };
  return [watch = Stopwatch()](const BatchCounts& counts) { draw_bar(counts, watch.elapsed_ms() / 1000); };
}

int finish_batch(const BatchSummary& summary) {
  const BatchCounts& counts = summary.counts;
  log_info(text(counts.graded, " graded, ", counts.skipped, " finished before, ", counts.failed, " failed, ",
                counts.left, " not begun (", kNotice, ")"));
  if (counts.left > 0 || summary.interrupted) {
    log_warning("stopped early: the same command goes on where it stopped");
    return static_cast<int>(ErrorKind::Failure);
  }
  if (counts.failed == 0) return 0;
  const bool none = counts.graded + counts.skipped == 0;
  return static_cast<int>(none ? ErrorKind::NoUsableStudy : ErrorKind::SomeStudiesFailed);
}

void add_worker_command(CLI::App& app, std::function<int()>& action) {
  auto options = std::make_shared<WorkerOptions>();
  CLI::App* command = app.add_subcommand("worker", "Reads and grades studies for a batch")->group("");
  command->add_option("--memory-limit", options->memory_limit_mib);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->grader);
  command->callback([options, &action] {
    action = [options] {
      options->series.threads = std::max(1, options->grader.threads);
      return run_worker(*options);
    };
  });
}

}  // namespace lumbargrade::cli
