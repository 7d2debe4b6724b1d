#include "cli/grader_training_options.h"

#include "cli/train_options.h"

namespace lumbargrade::cli {

void add_grader_training_options(CLI::App& command, GraderTrainingCommand& options) {
  GraderTrainingOptions& training = options.training;
  command.add_option("--data", training.data.data, "Folder in the challenge's layout")
      ->required()
      ->check(CLI::ExistingDirectory)
      ->group("Data");
  command
      .add_option("--recipe", options.recipe,
                  "Recipe: networks, views, augmentation, optimisation (JSON file, or the name of a shipped one)")
      ->type_name("FILE")
      ->required()
      ->group("Data");
  command
      .add_option("--base", training.data.base_bundle,
                  "Bundle whose locator and measures are used (default: the shipped one)")
      ->group("Data");
  command.add_option("--cache", training.data.cache, "Folder for the cut crops (default: crops/ in --out)")
      ->group("Data");
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
      ->check(CLI::ExistingDirectory)
      ->group("Data");
  command.add_flag("--deterministic", training.deterministic, "Same weights on every run with as many threads")
      ->group("Training");
  add_training_options(command, training);
}

}  // namespace lumbargrade::cli
