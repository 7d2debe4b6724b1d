#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lumbargrade {

/// The candidate that a misspelt `word` most probably means: the one with the smallest edit distance, if that is at
/// most a third of the word's length (at least 1). Empty when none is that near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

/// `; did you mean "<nearest>"?`, or the list of all candidates when none is near: the end of an error message.
std::string name_hint(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lumbargrade
