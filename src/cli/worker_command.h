#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "batch/worker.h"

namespace lumbargrade::cli {

/// Program and arguments of a worker process with these options: this program's hidden command `worker`.
/// `bundle` is the folder that was found, so that every worker loads the same; empty where none is needed.
std::vector<std::string> worker_command(const WorkerOptions& options, const std::filesystem::path& bundle, int threads);

}  // namespace lumbargrade::cli
