#pragma once

#include <string>

#include "cli/command_text.h"

namespace lumbargrade::cli {

/// Scripts that complete commands, options and their fixed values, for the three shells. Files are left to the shell.
std::string bash_completion(const CommandText& program);
std::string zsh_completion(const CommandText& program);
std::string fish_completion(const CommandText& program);

/// The manual page in man(7)'s language.
std::string manual_page(const CommandText& program, const std::string& version);

}  // namespace lumbargrade::cli
