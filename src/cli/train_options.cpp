#include "cli/train_options.h"

#include "cli/grade_options.h"

namespace lumbargrade::cli {

void add_training_options(CLI::App& command, TrainingOptions& options) {
  command
      .add_option("-o,--out,--output", options.out,
                  "Folder that becomes the bundle; figures in its training/, logs and checkpoints in its checkpoint/")
      ->required()
      ->group("Data");
  command
      .add_option("--card", options.card,
                  "JSON with name, version, licence, attribution, training_data and figures of the bundle")
      ->check(CLI::ExistingFile)
      ->group("Data");
  command.add_option("--seed", options.seed, "Seed of weights, crops and, of graders, folds")
      ->capture_default_str()
      ->group("Training");
  command
      .add_option("--checkpoint-every", options.checkpoint_every,
                  "Steps between checkpoints (default: at the end of epochs and every ten minutes)")
      ->check(CLI::PositiveNumber)
      ->group("Training");
  add_device_option(command, options.device)->group("Machine");
  command.add_option("--threads", options.threads, "CPU threads of the network")
      ->capture_default_str()
      ->check(CLI::Range(1, 256))
      ->group("Machine");
  command
      .add_flag("--bfloat16,!--float32", options.bfloat16,
                std::string("Mixed precision (faster where the machine has bfloat16 instructions); default ") +
                    (options.bfloat16 ? "on" : "off"))
      ->group("Machine");
}

void add_step_options(CLI::App& command, StepTraining& training, const char* iterations, int largest_batch) {
  command.add_option("--iterations", training.iterations, iterations)
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
  command.add_option("--batch", training.batch, "Crops per step")
      ->capture_default_str()
      ->check(CLI::Range(2, largest_batch))
      ->group("Training");
  command.add_option("--rate", training.rate, "Peak learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber)
      ->group("Training");
}

void add_resume_option(CLI::App& command, TrainingOptions& options) {
  command.add_flag("--resume", options.resume, "Go on from the checkpoints in --out")->group("Training");
}

}  // namespace lumbargrade::cli
