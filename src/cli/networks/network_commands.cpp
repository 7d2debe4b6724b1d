#include "cli/networks/network_commands.h"

#include "cli/networks/shared_library.h"

namespace lumbargrade::cli {

const NetworkCommands& network_commands() {
  static const auto& commands = *static_cast<const NetworkCommands*>(
      table_of_library(kNetworksLibrary, kNetworkCommandsFunction, "runs the networks"));
  return commands;
}

}  // namespace lumbargrade::cli
