#include "cli/worker_command.h"

#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/networks/network_commands.h"
#include "core/process_memory.h"

namespace lumbargrade::cli {
namespace {

void append(std::vector<std::string>& command, const char* name, const std::string& value) {
  if (!value.empty()) command.insert(command.end(), {name, value});
}

}  // namespace

std::vector<std::string> worker_command(const WorkerOptions& options, const std::filesystem::path& bundle,
                                        int threads) {
  std::vector<std::string> command = {std::filesystem::read_symlink("/proc/self/exe").string(), "--quiet", "worker"};
  append(command, "--bundle", bundle.string());
  append(command, "--device", options.grader.device);
  append(command, "--precision", options.grader.precision);
  append(command, "--threads", std::to_string(threads));
  append(command, "--lowest-disc", options.grader.lowest_disc);
  append(command, "--memory-limit", std::to_string(options.series.memory_limit_mib));
  append(command, "--series-descriptions", options.series.series_descriptions.string());
  append(command, "--sagittal-t1", options.series.sagittal_t1);
  append(command, "--sagittal-t2", options.series.sagittal_t2);
  for (const std::string& axial : options.series.axial_t2) append(command, "--axial-t2", axial);
  if (options.series.join_studies) command.emplace_back("--join-studies");
  append(command, "--reports", options.reports);
  for (const std::string& kind : options.dicom) append(command, "--dicom", kind);
  if (options.only_inspect) command.emplace_back("--only-inspect");
  return command;
}

void add_worker_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<WorkerOptions>();
  CLI::App* command = app.add_subcommand("worker", "Reads and grades studies for a batch")->group("");
  command->add_flag("--only-inspect", options->only_inspect);
  command->add_option("--reports", options->reports);
  command->add_option("--dicom", options->dicom);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->grader);
  command->callback([options, &action] {
    action = [options] {
      set_up_malloc_for_grading();
      options->program = program_text();
      options->series.threads = std::max(1, options->grader.threads);
      return network_commands().worker(*options);
    };
  });
}

}  // namespace lumbargrade::cli
