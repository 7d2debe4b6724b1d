#include "cli/commands.h"

#include <filesystem>
#include <iostream>

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

void flush_output() {
  std::cout << std::flush;
  if (!std::cout) throw Error(ErrorKind::Failure, "cannot write the result to standard output (disk full?)");
}

void print(const std::string& content) {
  std::cout << content;
  flush_output();
}

}  // namespace lumbargrade::cli
