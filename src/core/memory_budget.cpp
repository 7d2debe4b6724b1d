#include "core/memory_budget.h"

#include <algorithm>

namespace lumbargrade {

MemoryBudget::MemoryBudget(int limit_mib)
    : limit_mib_(limit_mib), whole_(static_cast<size_t>(std::max(limit_mib, kSmallest_mib) - kProgram_mib) << 20) {}

std::shared_ptr<MemoryBudget> MemoryBudget::of_mib(int limit_mib) {
  return std::shared_ptr<MemoryBudget>(new MemoryBudget(limit_mib));
}

size_t MemoryBudget::left() const {
  return whole_ - std::min(whole_, taken_.load());
}

MemoryShare MemoryBudget::take(size_t bytes, const std::string& purpose) {
  size_t taken = taken_.load();
  do {
    if (bytes > whole_ - taken) {
      throw MemoryExceeded(
          ErrorKind::NoUsableStudy,
          text("the study needs more memory than --memory-limit ", limit_mib_, " MiB (", (taken >> 20) + (bytes >> 20),
               " MiB with ", purpose, ", and ", kProgram_mib, " MiB are kept for the program)"));
    }
  } while (!taken_.compare_exchange_weak(taken, taken + bytes));
  const MemoryBudgetPointer budget = shared_from_this();  // lives as long as its shares
  return {static_cast<const void*>(this), [budget, bytes](const void*) { budget->taken_ -= bytes; }};
}

MemoryShare take_memory(const MemoryBudgetPointer& budget, size_t bytes, const std::string& purpose) {
  return budget ? budget->take(bytes, purpose) : nullptr;
}

}  // namespace lumbargrade
