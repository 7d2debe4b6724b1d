#pragma once

namespace lumbargrade {

/// Processor cores that this process may use: the affinity that Slurm or taskset gave it, and the quota of its cgroup
/// (v2), which is how Kubernetes and Docker limit it. At least 1.
int available_cores();

}  // namespace lumbargrade
