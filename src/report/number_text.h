#pragma once

#include <string>

namespace lumbargrade {

/// As the tables print numbers: "0.250000".
std::string six_decimals(double value);

}  // namespace lumbargrade
