#include "cli/networks/network_commands.h"

#include <dlfcn.h>

#include "core/error.h"

namespace lumbargrade::cli {
namespace {

const NetworkCommands& loaded_commands() {
  void* library = dlopen(kNetworksLibrary, RTLD_LAZY | RTLD_LOCAL);
  void* function = library == nullptr ? nullptr : dlsym(library, kNetworkCommandsFunction);
  if (function == nullptr) {
    throw Error(ErrorKind::Failure,
                text("cannot load what runs the networks: ", dlerror(), "; install lumbargrade anew"));
  }
  return *reinterpret_cast<const NetworkCommands* (*)()>(function)();
}

}  // namespace

const NetworkCommands& network_commands() {
  static const NetworkCommands& commands = loaded_commands();
  return commands;
}

}  // namespace lumbargrade::cli
