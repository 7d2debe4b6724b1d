#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lumbargrade::cli {

/// Refuses an input that does not exist (exit code 2, whatever the command); `wanted` says what to give instead.
CLI::Validator existing_input(const std::string& wanted);

}  // namespace lumbargrade::cli
