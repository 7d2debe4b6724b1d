#pragma once

#include <string>
#include <string_view>

namespace lumbargrade {

/// The text with a '?' for every character outside printable ASCII (UTF-8 sequences count as one): for fonts and
/// attributes that hold no other.
std::string printable_ascii(std::string_view words);

/// The study's name as pictures can show it: where their letters cannot, its UID.
std::string name_in_pictures(const std::string& study_id, const std::string& study_instance_uid);

}  // namespace lumbargrade
