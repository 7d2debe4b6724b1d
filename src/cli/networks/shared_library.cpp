#include "cli/networks/shared_library.h"

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

}  // namespace

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

}  // namespace lumbargrade::cli
