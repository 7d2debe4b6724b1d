#include "core/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

constexpr size_t kMebibyte = size_t{1} << 20;

TEST(MemoryBudget, KeepsAPartForTheProgram) {
  EXPECT_EQ(MemoryBudget::of_mib(2048)->whole(), 1536 * kMebibyte);
}

TEST(MemoryBudget, GivesBackWhatNobodyHoldsAnyMore) {
  const auto budget = MemoryBudget::of_mib(1024);
  MemoryShare first = budget->take(500 * kMebibyte, "a");
  EXPECT_EQ(budget->left(), 12 * kMebibyte);
  const MemoryShare copy = first;
  first.reset();
  EXPECT_EQ(budget->left(), 12 * kMebibyte);
}

TEST(MemoryBudget, RefusesBeforeItIsExceededAndTellsTheOption) {
  const auto budget = MemoryBudget::of_mib(1024);
  {
    const MemoryShare held = budget->take(512 * kMebibyte, "a");
    try {
      budget->take(1, "the pixels of b.dcm");
      FAIL() << "more than the whole was given";
    } catch (const MemoryExceeded& refusal) {
      EXPECT_EQ(refusal.kind(), ErrorKind::NoUsableStudy);
      EXPECT_THAT(refusal.what(), testing::HasSubstr("needs more memory than --memory-limit 1024 MiB (512 MiB with the "
                                                     "pixels of b.dcm"));
    }
  }
  EXPECT_EQ(budget->left(), budget->whole());
}

TEST(MemoryBudget, OutlivesItsOwnerWithItsShares) {
  MemoryShare share;
  {
    const auto budget = MemoryBudget::of_mib(1024);
    share = budget->take(kMebibyte, "a");
  }
  share.reset();
}

}  // namespace
}  // namespace lumbargrade
