#include "runs/available_cores.h"

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

/// cpu.max holds "quota period" in microseconds, or "max period". Within a container its own group is the root.
int cores_by_quota(int otherwise) {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  double quota = 0;
  double period = 0;
  if (!(file >> quota >> period) || quota <= 0 || period <= 0) return otherwise;
  return static_cast<int>(std::ceil(quota / period));
}

}  // namespace

int available_cores() {
  const int cores = std::max(1, cores_by_affinity());
  return std::clamp(cores_by_quota(cores), 1, cores);
}

}  // namespace lumbargrade
