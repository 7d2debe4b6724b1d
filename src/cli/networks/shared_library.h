#pragma once

namespace lumbargrade::cli {

/// What `function`, which takes nothing, returns in the shared library of ours `name`, which is found beside the
/// program's other libraries. Throws Error (Failure) where either cannot be had, saying that it `is_for`.
const void* table_of_library(const char* name, const char* function, const char* is_for);

}  // namespace lumbargrade::cli
