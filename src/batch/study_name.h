#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// The name with every byte that is no part of valid UTF-8 written as %XX, so that tables and JSON stay valid whatever
/// a folder is called. Valid UTF-8 comes back as it is.
std::string utf8_name(std::string_view bytes);

}  // namespace lumbargrade
