#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// The bytes in base 64 (RFC 4648, section 4), on one line.
std::string base64(std::string_view bytes);

}  // namespace lumbargrade
