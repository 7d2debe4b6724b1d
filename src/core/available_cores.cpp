#include "core/available_cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace lumbargrade {
namespace {

int cores_by_affinity() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  return CPU_COUNT(&set);
}

/// "quota period" in microseconds. Within a container its own group is the root.
int cores_by_quota(int otherwise) {
  double quota_us = 0, period_us = 0;
  std::ifstream unified("/sys/fs/cgroup/cpu.max");  // "max period" where there is no limit
  if (!(unified >> quota_us >> period_us)) {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota_us;  // version 1; -1 where there is no limit
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period_us;
  }
  if (quota_us <= 0 || period_us <= 0) return otherwise;
  return static_cast<int>(std::ceil(quota_us / period_us));
}

}  // namespace

int available_cores() {
  const int cores = std::max(1, cores_by_affinity());
  return std::clamp(cores_by_quota(cores), 1, cores);
}

}  // namespace lumbargrade
