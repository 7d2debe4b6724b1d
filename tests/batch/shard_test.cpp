#include "batch/shard.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "core/error.h"

namespace lumbargrade {
namespace {

/// Sets variables for one test and takes them away again.
class Environment {
 public:
  Environment(std::initializer_list<std::pair<const char*, const char*>> values) {
    for (const char* name : kNames) unsetenv(name);
    for (const auto& [name, value] : values) setenv(name, value, 1);
  }
  ~Environment() {
    for (const char* name : kNames) unsetenv(name);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static constexpr std::array kNames = {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT",
                                        "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"};
};

TEST(Shard, ParsesAndRefuses) {
  EXPECT_EQ(parse_shard("3/16"), (Shard{3, 16}));
  for (const char* wrong : {"0/4", "5/4", "3", "a/b", "1/", "/2", "-1/2", "1/2x", "99999999999/4"}) {
    EXPECT_THROW(parse_shard(wrong), Error) << wrong;
  }
}

TEST(Shard, ComesFromSlurmWhateverItsFirstIndex) {
  const Environment slurm(
      {{"SLURM_ARRAY_TASK_ID", "7"}, {"SLURM_ARRAY_TASK_MIN", "5"}, {"SLURM_ARRAY_TASK_COUNT", "4"}});
  EXPECT_EQ(shard_from_environment(), (Shard{3, 4}));
}

TEST(Shard, ComesFromAnIndexedKubernetesJob) {
  const Environment kubernetes({{"JOB_COMPLETION_INDEX", "0"}, {"JOB_COMPLETIONS", "8"}});
  EXPECT_EQ(shard_from_environment(), (Shard{1, 8}));
}

TEST(Shard, AnEnvironmentThatMakesNoSenseIsRefused) {
  {
    const Environment steps(
        {{"SLURM_ARRAY_TASK_ID", "9"}, {"SLURM_ARRAY_TASK_MIN", "1"}, {"SLURM_ARRAY_TASK_COUNT", "4"}});
    EXPECT_THROW(shard_from_environment(), Error);
  }
  const Environment no_count({{"JOB_COMPLETION_INDEX", "0"}});
  EXPECT_THROW(shard_from_environment(), Error);
}

TEST(Shard, IsAbsentOutsideOfClusters) {
  const Environment none({});
  EXPECT_FALSE(shard_from_environment());
}

TEST(Shard, EveryStudyBelongsToExactlyOneAndTheyAreOfLikeSize) {
  constexpr int kShards = 16;
  constexpr int kStudies = 1600;
  std::array<int, kShards> sizes{};
  for (int study = 0; study < kStudies; ++study) {
    int owners = 0;
    for (int i = 0; i < kShards; ++i) {
      const bool mine = belongs_to({i + 1, kShards}, std::to_string(4000000 + 17 * study));
      owners += mine;
      sizes[static_cast<size_t>(i)] += mine;
    }
    ASSERT_EQ(owners, 1);
  }
  for (int size : sizes) EXPECT_NEAR(size, 1.0 * kStudies / kShards, 45);  // 4.6 SD of a binomial
}

}  // namespace
}  // namespace lumbargrade
