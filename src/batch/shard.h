#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batch/discover.h"

namespace lumbargrade {

/// One of `count` parts of a data set; `index` counts from 1.
struct Shard {
  int index = 1;
  int count = 1;
  bool operator==(const Shard&) const = default;
};

/// Whether there is such a shard: 1/N to N/N, N up to a million.
bool exists(const Shard& shard);

/// "3/16". Throws Error (Usage) for anything else.
Shard parse_shard(std::string_view text);

/// The shard that the environment asks for: a Slurm array task (SLURM_ARRAY_TASK_ID, _MIN, _COUNT; steps of one) or an
/// indexed Kubernetes job (JOB_COMPLETION_INDEX, with the job's completions in JOB_COMPLETIONS). Empty outside of both.
/// Throws Error (Usage) when the variables are there but make no sense.
std::optional<Shard> shard_from_environment();

/// The one of `count` shards, counted from 1, to which a study belongs. Decided by a hash of the id alone (FNV-1a,
/// 64 bit), so that adding studies moves no other study.
int shard_index(std::string_view study_id, int count);

bool belongs_to(const Shard& shard, std::string_view study_id);

}  // namespace lumbargrade
