#include "batch/shard.h"

#include <cstdint>
#include <cstdlib>

#include "core/error.h"
#include "core/number_text.h"

namespace lumbargrade {
namespace {

constexpr int kMostShards = 1'000'000;

std::optional<int> environment_number(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  const auto number = number_from<int>(value);
  if (!number) throw Error(ErrorKind::Usage, text(name, " is \"", value, "\", not a number"));
  return number;
}

Shard checked(const Shard& shard, const std::string& origin) {
  if (!exists(shard)) {
    throw Error(ErrorKind::Usage, text(origin, ": shard ", shard.index, " of ", shard.count,
                                       " does not exist; shards are counted 1/N to N/N"));
  }
  return shard;
}

/// FNV-1a with a final mix (MurmurHash3's), since FNV's low bits alone spread short names of digits unevenly.
std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ULL;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33);
}

}  // namespace

bool exists(const Shard& shard) {
  return shard.count <= kMostShards && shard.index >= 1 && shard.index <= shard.count;
}

Shard parse_shard(std::string_view value) {
  const size_t slash = value.find('/');
  const auto index = number_from<int>(value.substr(0, slash));
  const auto count = slash == std::string_view::npos ? std::nullopt : number_from<int>(value.substr(slash + 1));
  if (!index || !count) throw Error(ErrorKind::Usage, text("--shard takes i/n such as 3/16, not \"", value, "\""));
  return checked({*index, *count}, "--shard");
}

std::optional<Shard> shard_from_environment() {
  if (const auto task = environment_number("SLURM_ARRAY_TASK_ID")) {
    const auto count = environment_number("SLURM_ARRAY_TASK_COUNT");
    const int first = environment_number("SLURM_ARRAY_TASK_MIN").value_or(0);
    if (!count)
      throw Error(ErrorKind::Usage, "SLURM_ARRAY_TASK_ID is set but SLURM_ARRAY_TASK_COUNT is not; give --shard");
    return checked({*task - first + 1, *count}, "SLURM_ARRAY_TASK_ID (array indices must have steps of one)");
  }
  if (const auto completion = environment_number("JOB_COMPLETION_INDEX")) {
    const auto count = environment_number("JOB_COMPLETIONS");
    if (!count) throw Error(ErrorKind::Usage, "JOB_COMPLETION_INDEX is set but JOB_COMPLETIONS is not; give --shard");
    return checked({*completion + 1, *count}, "JOB_COMPLETION_INDEX");
  }
  return std::nullopt;
}

int shard_index(std::string_view study_id, int count) {
  return 1 + static_cast<int>(hash_of(study_id) % static_cast<std::uint64_t>(count));
}

bool belongs_to(const Shard& shard, std::string_view study_id) {
  return shard_index(study_id, shard.count) == shard.index;
}

}  // namespace lumbargrade
