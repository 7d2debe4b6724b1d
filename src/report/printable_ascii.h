#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// The text with a '?' for every character outside printable ASCII (UTF-8 sequences count as one): for fonts and
/// attributes that hold no other.
std::string printable_ascii(std::string_view words);

}  // namespace lumbargrade
