#pragma once

#include <string>

#include "node/configuration.h"

namespace lumbargrade::node {

/// The configuration line by line: number, setting, value and what it means; then what is left to defaults.
std::string explanation(const CheckedConfiguration& checked);

/// Tries what a start would need, and tells on the log what is wrong: folder, port, certificates; and whether peers
/// answer a C-ECHO, which may come later. Returns whether a node could start.
bool check_surroundings(const Configuration& configuration);

}  // namespace lumbargrade::node
