#include "core/error.h"

namespace lumbargrade {

Error Error::within(const std::string& context) const {
  return {kind_, context + ": " + what()};
}

}  // namespace lumbargrade
