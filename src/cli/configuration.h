#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lumbargrade::cli {

/// Lets options come from a file (--config, or the variable LUMBARGRADE_CONFIG) with a section a command, and some of
/// them from variables: LUMBARGRADE_DEVICE and the like. What the command line gives counts most, then the variables,
/// then the file. Called when all commands are registered; only those that `arguments` name get variables, since CLI11
/// checks the values of all that have one.
void add_configuration(CLI::App& program, const std::vector<std::string>& arguments);

/// What is wrong with the configuration file, where `error` is about it; empty otherwise.
std::string configuration_fault(const CLI::App& program, const CLI::ParseError& error);

}  // namespace lumbargrade::cli
