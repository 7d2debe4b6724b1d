#include "cli/commands.h"

namespace lumbargrade::cli {

std::string version_text() { return "lumbargrade 0.1.0"; }

}  // namespace lumbargrade::cli
