#include <dlfcn.h>

#include "cli/networks/network_commands.h"
#include "cli/training/training_commands.h"
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

/// What `function`, which takes nothing, returns in the shared library of ours `name`, which is found beside the
/// program's other libraries. Throws Error (Failure) where either cannot be had, saying that it `is_for`.
const void* table_of_library(const char* name, const char* function, const char* is_for) {
  void* library = dlopen(name, kLoading);
  void* found = library == nullptr ? nullptr : dlsym(library, function);
  if (found == nullptr) {
    throw Error(ErrorKind::Failure,
                text("cannot load what ", is_for, ": ", dlerror(),
                     "; install lumbargrade anew, or build all of it: cmake --build --preset default"));
  }
  return reinterpret_cast<const void* (*)()>(found)();
}

}  // namespace

const NetworkCommands& network_commands() {
  static const auto& commands = *static_cast<const NetworkCommands*>(
      table_of_library("liblumbargrade_networks.so", "lumbargrade_network_commands", "runs the networks"));
  return commands;
}

const TrainingCommands& training_commands() {
  static const auto& commands = *static_cast<const TrainingCommands*>(
      table_of_library("liblumbargrade_training.so", "lumbargrade_training_commands", "trains networks"));
  return commands;
}

}  // namespace lumbargrade::cli
