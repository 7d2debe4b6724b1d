#pragma once

#include <string>

#include "batch/result_store.h"
#include "batch/worker_pool.h"
#include "node/configuration.h"

namespace lumbargrade::node {

/// Receives, grades and sends until SIGTERM or SIGINT comes; then the instances and studies at work are finished. Three
/// processes that know of each other only what lies in the node's folder: this one grades, one receives (receiver.h),
/// one sends (outbox.h); those that die are started again. Any of them may be killed at any moment: what was received
/// is graded, and what was graded is sent, after the next start. Throws Error (Failure) where the port is taken, or the
/// folder is in use or cannot be written. `pool` and `identity` are those of `batch`; the workers must write pages and
/// DICOM results into the spool's results folder.
void run_node(const Configuration& configuration, const PoolOptions& pool, const RunIdentity& identity,
              const std::string& program);

}  // namespace lumbargrade::node
