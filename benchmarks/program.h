#pragma once

#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace lumbargrade {

/// As many arguments as one likes.
inline constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

/// The arguments of a program, of which the last ones may be missing.
class Arguments {
 public:
  Arguments(int argc, char** argv) : values_(argv + 1, argv + argc) {}
  size_t size() const { return values_.size(); }
  const std::string& operator[](size_t place) const { return values_[place]; }
  std::optional<std::string> optional(size_t place) const {
    return place < values_.size() ? std::optional(values_[place]) : std::nullopt;
  }
  /// Those from `place` on, of which there are enough.
  std::vector<std::string> from(size_t place) const {
    return {values_.begin() + static_cast<std::ptrdiff_t>(place), values_.end()};
  }

 private:
  std::vector<std::string> values_;
};

/// The body of main: `usage` is "PROGRAM ARGUMENTS"; `run` gets `fewest` to `most` arguments and returns the exit code.
/// What it throws is told after the program's name; an Error's kind is the exit code, as in the product.
template <typename Run>
int run_program(int argc, char** argv, const std::string& usage, size_t fewest, size_t most, const Run& run) {
  const Arguments arguments(argc, argv);
  if (arguments.size() < fewest || arguments.size() > most) {
    std::cerr << "usage: " << usage << "\n";
    return static_cast<int>(ErrorKind::Usage);
  }
  const std::string name = usage.substr(0, usage.find(' '));
  try {
    return run(arguments);
  } catch (const Error& error) {
    std::cerr << name << ": " << error.what() << "\n";
    return static_cast<int>(error.kind());
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}

}  // namespace lumbargrade
