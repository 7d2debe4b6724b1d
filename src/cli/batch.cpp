#include "batch/index.h"
#include "batch/merge.h"
#include "cli/batch_run.h"
#include "cli/commands.h"
#include "core/log.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

struct BatchCommand {
  std::string data_set;
  std::string output;
  std::string shard;
  bool report = false;  ///< a page a study and an index
  BatchArguments arguments;
};

Shard chosen_shard(const std::string& given) {
  if (!given.empty()) return parse_shard(given);
  return shard_from_environment().value_or(Shard{});
}

/// Only a whole data set has final tables; shards wait for `merge`.
void write_final_tables(const BatchCommand& options, const Shard& shard, const BatchSummary& summary) {
  if (summary.counts.left > 0) return;
  if (shard.count > 1) {
    log_info(text("when all ", shard.count, " shards are done: lumbargrade merge ", options.output));
    return;
  }
  write_tables(collect_shards({options.output}), options.output);
  log_info(text("wrote ", (fs::path(options.output) / "grades.csv").string(), ", studies.csv and failures.csv"));
  if (!options.report) return;
  write_index(options.output, program_text());
  log_info(text("wrote ", (fs::path(options.output) / "index.html").string()));
}

int run_batch_command(BatchCommand command) {
  const Shard shard = chosen_shard(command.shard);
  std::vector<std::string> outputs = {"grades.csv", "studies.csv", "failures.csv", "run.json"};
  if (command.report) {
    command.arguments.worker.reports = fs::absolute(command.output).string();
    outputs.emplace_back("index.html");
  }
  const BatchOptions options = resolved(command.arguments, command.data_set, command.output, shard);
  const BatchSummary summary = run_and_record("batch", command.arguments, options, outputs);
  write_final_tables(command, shard, summary);
  return finish_batch(summary);
}

}  // namespace

void add_batch_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<BatchCommand>();
  CLI::App* command = app.add_subcommand("batch", "Grade all studies of a data set; resumable");
  command
      ->add_option("DATASET", options->data_set,
                   "Folder or archive of studies, or a list of studies: .csv with a column path or study_id, else one "
                   "a line")
      ->required()
      ->check(existing_input("the folder, archive or list of a data set"));
  command->option_defaults()->group("Output");
  command
      ->add_option("-o,--output", options->output,
                   "Folder for grades.csv, studies.csv, failures.csv, run.json and the work in progress")
      ->required();
  command->add_flag("--report", options->report,
                    "Also a page for every study and index.html, which lists them: flagged and least certain first");
  command
      ->add_option("--shard", options->shard,
                   "Part of the data set, 1/n to n/n (default: of the Slurm array or indexed Kubernetes job, else all)")
      ->group("Running");
  add_batch_options(*command, options->arguments);
  command->footer(
      "The same command given again resumes where it stopped: finished studies are skipped, failed ones tried again.\n"
      "Exit codes: 0 all graded, 1 stopped early, 3 some studies failed (failures.csv), 4 none could be graded.\n"
      "Examples:\n"
      "  lumbargrade batch train_images -o results\n"
      "  lumbargrade batch train_images -o results --report\n"
      "  lumbargrade batch studies.csv -o results --jobs 8 --max-failures 20\n"
      "  lumbargrade batch train_images -o results --shard 3/16\n"
      "Research use only, not for clinical use.");
  command->callback([options, &action] { action = [options] { return run_batch_command(*options); }; });
}

}  // namespace lumbargrade::cli
