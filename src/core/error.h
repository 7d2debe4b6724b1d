#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace lumbargrade {

/// What a failure means for the process. The values are the exit codes of docs/commands.md.
enum class ErrorKind {
  Failure = 1,  ///< something outside the input went wrong: disk full, device lost
  Usage = 2,    ///< the command line or a configuration file is wrong
  SomeStudiesFailed = 3,
  NoUsableStudy = 4,  ///< the input holds nothing that can be graded
  BundleInvalid = 5,  ///< the model bundle does not hold what its manifest says
};

/// An error in the user's words. The message says what happened, where, and the remedy.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  ErrorKind kind() const { return kind_; }
  int exit_code() const { return static_cast<int>(kind_); }

 private:
  ErrorKind kind_;
};

/// Joins its arguments into one string: `text("row ", 3, " of ", path)`.
/// (std::format is missing from GCC 12, and fmt must not meet LibTorch's own copy of it.)
template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace lumbargrade
