#include "cli/networks/network_commands.h"

#include <dlfcn.h>

#include "core/error.h"

namespace lumbargrade::cli {
namespace {

// The library and what it asks for come before the program's other libraries: OpenCV brings the reference BLAS, whose
// sgemm_ would take the place of LibTorch's own, which is many times as fast. AddressSanitizer refuses that.
#ifdef __SANITIZE_ADDRESS__
constexpr int kLoading = RTLD_LAZY | RTLD_LOCAL;
#else
constexpr int kLoading = RTLD_LAZY | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

const NetworkCommands& loaded_commands() {
  void* library = dlopen(kNetworksLibrary, kLoading);
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
