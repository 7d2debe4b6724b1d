#include "cli/existing_input.h"

#include <filesystem>

#include "core/error.h"

namespace lumbargrade::cli {

CLI::Validator existing_input(const std::string& wanted) {
  const auto refusal = [wanted](const std::string& path) {
    std::error_code problem;  // of a folder that may not be looked into: reading will tell
    const bool is_absent = !std::filesystem::exists(path, problem) && !problem;
    return is_absent ? text(path, " does not exist; give ", wanted) : std::string();
  };
  return CLI::Validator(refusal, "");
}

}  // namespace lumbargrade::cli
