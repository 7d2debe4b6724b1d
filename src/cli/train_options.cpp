#include "cli/train_options.h"

#include "cli/grade_options.h"

namespace lumbargrade::cli {

void add_training_options(CLI::App& command, TrainingOptions& options) {
  command.option_defaults()->group("Data");
  command
      .add_option("-o,--out,--output", options.out,
                  "Folder that becomes the bundle; figures in its training/, logs and checkpoints in its checkpoint/")
      ->required();
  command
      .add_option("--card", options.card,
                  "JSON with name, version, licence, attribution, training_data and figures of the bundle")
      ->check(CLI::ExistingFile);
  command.option_defaults()->group("Training");
  command.add_option("--seed", options.seed, "Seed of weights, crops and, of graders, folds")->capture_default_str();
  command
      .add_option("--checkpoint-every", options.checkpoint_every,
                  "Steps between checkpoints (default: at the end of epochs and every ten minutes)")
      ->check(CLI::PositiveNumber);
  command.option_defaults()->group("Machine");
  add_device_option(command, options.device);
  command.add_option("--threads", options.threads, "CPU threads of the network")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  command.add_flag("--bfloat16,!--float32", options.bfloat16,
                   std::string("Mixed precision (faster where the machine has bfloat16 instructions); default ") +
                       (options.bfloat16 ? "on" : "off"));
}

void add_step_options(CLI::App& command, StepTraining& training, const char* iterations, int largest_batch) {
  command.option_defaults()->group("Training");
  command.add_option("--iterations", training.iterations, iterations)
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--batch", training.batch, "Crops per step")
      ->capture_default_str()
      ->check(CLI::Range(2, largest_batch));
  command.add_option("--rate", training.rate, "Peak learning rate")->capture_default_str()->check(CLI::PositiveNumber);
}

void add_resume_option(CLI::App& command, TrainingOptions& options) {
  command.add_flag("--resume", options.resume, "Resume from the checkpoints in --out")->group("Training");
}

void add_grader_training_options(CLI::App& command, GraderTrainingCommand& options) {
  GraderTrainingOptions& training = options.training;
  command.option_defaults()->group("Data");
  command.add_option("--data", training.data.data, "Folder in the challenge's layout")
      ->required()
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--recipe", options.recipe,
                  "Recipe: networks, views, augmentation, optimisation (JSON file, or the name of a shipped one)")
      ->type_name("FILE")
      ->required();
  command.add_option("--base", training.data.base_bundle,
                     "Bundle whose locator and measures are used (default: the shipped one)");
  command.add_option("--cache", training.data.cache, "Folder for the cut crops (default: crops/ in --out)");
  command
      .add_option(
          "--init", training.init,
          "Backbone weights under timm's names: a file (safetensors, .bin, .pth), a folder of NAME.safetensors or "
          "NAME.bin by backbone, or a JSON map of names and files (default: random)")
      ->check(CLI::ExistingPath)
      ->group("Training");
  command.add_option("--makers", training.makers, "Threads that load crops and make batches ahead")
      ->capture_default_str()
      ->check(CLI::Range(1, 64))
      ->group("Machine");
  command
      .add_option("--unlabelled", training.data.unlabelled,
                  "More studies in the challenge's layout, without labels: what the networks are sure of in them is "
                  "learned from too (pseudo-labels)")
      ->check(CLI::ExistingDirectory);
  command.add_flag("--deterministic", training.deterministic, "Same weights on every run with as many threads")
      ->group("Training");
  add_training_options(command, training);
}

}  // namespace lumbargrade::cli
