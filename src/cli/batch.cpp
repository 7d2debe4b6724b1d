#include "cli/batch_options.h"
#include "cli/batch_progress.h"
#include "cli/commands.h"
#include "core/atomic_file.h"
#include "core/log.h"
#include "runs/merge.h"
#include "runs/run_record.h"
#include "runs/stopwatch.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

struct BatchCommand {
  std::string data_set;
  std::string output;
  std::string shard;
  BatchArguments arguments;
};

Shard chosen_shard(const std::string& given) {
  if (!given.empty()) return parse_shard(given);
  return shard_from_environment().value_or(Shard{});
}

/// 1975 as "1,975".
std::string grouped(size_t number) {
  std::string digits = std::to_string(number);
  for (size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

void log_shard(const Shard& shard, const BatchCounts& counts) {
  if (shard.count > 1) {
    log_info(text("shard ", shard.index, "/", shard.count, ": ", grouped(counts.shard), " of ",
                  grouped(counts.data_set), " studies"));
  }
  if (counts.skipped > 0) log_info(text(counts.skipped, " studies are finished already and are skipped"));
}

RunRecord record_of(const BatchCommand& options, const BatchSummary& summary, const RunIdentity& identity) {
  const BatchCounts& counts = summary.counts;
  RunRecord record;
  record.command = "batch";
  record.version = version_text();
  record.options = {{"data_set", options.data_set}, {"results_depend_on", identity}};
  record.counts = {{"data_set", counts.data_set},       {"shard", counts.shard},   {"graded", counts.graded},
                   {"finished_before", counts.skipped}, {"failed", counts.failed}, {"not_begun", counts.left}};
  record.times_ms = {
      {"read", summary.times.read_ms}, {"levels", summary.times.levels_ms}, {"grade", summary.times.grade_ms}};
  return record;
}

/// Only a whole data set has final tables; shards wait for `merge`.
void write_final_tables(const BatchCommand& options, const Shard& shard, const BatchSummary& summary) {
  if (summary.counts.left > 0) return;
  if (shard.count > 1) {
    log_info(text("when all ", shard.count, " shards are done: lumbargrade merge ", options.output));
    return;
  }
  write_tables(collect_shards({options.output}), options.output);
  log_info(text("wrote ", (fs::path(options.output) / "grades.csv").string(), " and failures.csv"));
}

int run_batch_command(const BatchCommand& command) {
  const Stopwatch total;
  const std::string started = utc_timestamp();
  const Shard shard = chosen_shard(command.shard);
  const BatchOptions options = resolved(command.arguments, command.data_set, command.output, shard);
  BatchCalls calls = make_progress(command.arguments.progress);
  calls.progress = [&, bar = calls.progress, begun = false](const BatchCounts& counts) mutable {
    if (!begun) log_shard(shard, counts);
    begun = true;
    bar(counts);
  };
  const BatchSummary summary = run_batch(options, calls);
  write_final_tables(command, shard, summary);
  RunRecord record = record_of(command, summary, options.identity);
  record.started_utc = started;
  record.times_ms.emplace_back("wall", total.elapsed_ms());
  const fs::path place = shard.count > 1 ? shard_folder(command.output, shard) : fs::path(command.output);
  write_file_atomically(place / "run.json", run_record_json(record, summary.grader));
  return finish_batch(summary);
}

}  // namespace

void add_batch_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<BatchCommand>();
  CLI::App* command = app.add_subcommand("batch", "Grade all studies of a data set; may be stopped and goes on");
  command->add_option("DATASET", options->data_set, "Folder of studies, or a list of study folders (.csv or text)")
      ->required();
  command
      ->add_option("-o,--output", options->output,
                   "Folder for grades.csv, failures.csv, run.json and the work in progress")
      ->required()
      ->group("Output");
  command
      ->add_option("--shard", options->shard,
                   "Part of the data set, 1/n to n/n (default: of the Slurm array or indexed Kubernetes job, else all)")
      ->group("Running");
  add_batch_options(*command, options->arguments);
  command->footer(
      "Examples:\n"
      "  lumbargrade batch train_images -o results\n"
      "  lumbargrade batch studies.csv -o results --jobs 8 --max-failures 20\n"
      "  lumbargrade batch train_images -o results --shard 3/16\n"
      "Research use only, not for clinical use.");
  command->callback([options, &action] { action = [options] { return run_batch_command(*options); }; });
}

}  // namespace lumbargrade::cli
