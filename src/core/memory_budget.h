#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

#include "core/error.h"

namespace lumbargrade {

/// A study that would need more memory than it may take: it is refused as a whole, before the memory is taken.
class MemoryExceeded : public Error {
 public:
  using Error::Error;
};

/// Memory that is in use until the last copy of this is gone.
using MemoryShare = std::shared_ptr<const void>;

/// What one study may take: files, headers and pixels, each copy of them. May be used from any thread.
class MemoryBudget : public std::enable_shared_from_this<MemoryBudget> {
 public:
  static constexpr int kDefault_mib = 2048;
  /// Of the limit, what the program itself takes: code, networks, and what they compute with.
  static constexpr int kProgram_mib = 512;
  static constexpr int kSmallest_mib = 2 * kProgram_mib;

  static std::shared_ptr<MemoryBudget> of_mib(int limit_mib);

  /// Sets `bytes` apart. Throws MemoryExceeded, naming `purpose` ("the pixels of a.dcm"), when they are not left.
  MemoryShare take(size_t bytes, const std::string& purpose);

  /// Bytes that a study without anything else could take.
  size_t whole() const { return whole_; }
  size_t left() const;
  int limit_mib() const { return limit_mib_; }

 private:
  explicit MemoryBudget(int limit_mib);

  int limit_mib_;
  size_t whole_;
  std::atomic<size_t> taken_ = 0;
};

using MemoryBudgetPointer = std::shared_ptr<MemoryBudget>;

/// Of `budget`, or nothing where nobody counts (no budget).
MemoryShare take_memory(const MemoryBudgetPointer& budget, size_t bytes, const std::string& purpose);

}  // namespace lumbargrade
