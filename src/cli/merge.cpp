#include "batch/merge.h"

#include "batch/index.h"
#include "cli/commands.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

struct MergeOptions {
  std::vector<std::string> folders;
  std::string output;
  bool force = false;
};

int run_merge(const MergeOptions& options) {
  const fs::path output = options.output.empty() ? options.folders.front() : options.output;
  refuse_to_overwrite(output / "grades.csv", options.force);
  const ShardSet shards = collect_shards({options.folders.begin(), options.folders.end()});
  const MergeCounts counts = write_tables(shards, output);
  log_info(text("joined ", shards.stores.size(), " shards: ", counts.graded, " studies graded, ", counts.failed,
                " failed; wrote ", (output / "grades.csv").string(), ", studies.csv and failures.csv"));
  if (fs::exists(output / kReportsFolder)) {
    write_index(output, program_text());
    log_info(text("wrote ", (output / "index.html").string()));
  }
  return counts.failed == 0 ? 0 : static_cast<int>(ErrorKind::SomeStudiesFailed);
}

}  // namespace

void add_merge_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<MergeOptions>();
  CLI::App* command = app.add_subcommand("merge", "Join the shards of a batch into the final tables");
  command->add_option("OUT", options->folders, "Output folders of the batch runs, or shard folders")
      ->required()
      ->check(existing_input("what `batch -o` has written"));
  command->add_option("-o,--output", options->output,
                      "Folder for grades.csv, studies.csv and failures.csv (default: the first OUT)");
  command->add_flag("--force", options->force, "Overwrite tables that are there");
  command->footer(
      "Examples:\n"
      "  lumbargrade merge results\n"
      "  lumbargrade merge node1/results node2/results -o joined\n"
      "  lumbargrade merge results/shards/1-of-2 results/shards/2-of-2 -o joined");
  command->callback([options, &action] { action = [options] { return run_merge(*options); }; });
}

}  // namespace lumbargrade::cli
