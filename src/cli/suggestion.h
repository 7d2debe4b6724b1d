#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lumbargrade::cli {

/// For a command line that was refused: a line that names the nearest option to each unknown one, or the nearest
/// command to an unknown one. Empty when nothing is near.
std::string suggestion(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace lumbargrade::cli
