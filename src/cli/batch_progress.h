#pragma once

#include <string>

#include "batch/batch.h"

namespace lumbargrade::cli {

/// Progress and warnings on standard error: "bar", "plain" (a line every 30 s), "none", or "auto": a bar on a terminal,
/// else plain. The bar's line ends when the last copy of the calls goes.
BatchCalls make_progress(const std::string& kind);

}  // namespace lumbargrade::cli
