#include "cli/training/training_commands.h"

#include "cli/networks/shared_library.h"

namespace lumbargrade::cli {

const TrainingCommands& training_commands() {
  static const auto& commands = *static_cast<const TrainingCommands*>(
      table_of_library(kTrainingLibrary, kTrainingCommandsFunction, "trains networks"));
  return commands;
}

}  // namespace lumbargrade::cli
