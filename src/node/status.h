#pragma once

#include <string>

#include "node/configuration.h"
#include "node/grading.h"

namespace lumbargrade::node {

/// What a node says of itself. Layout in docs/node.md.
struct Status {
  std::string state;  ///< "running", "stopping" or "stopped"
  std::string started_utc;
  std::string program;
  GradingCounts studies;
};

/// Writes status.json into the node's folder. A full disk is told on the log, and no more.
void write_status(const Configuration& configuration, const Status& status);

/// The content of status.json, and whether a node is running in that folder now.
struct StatusAnswer {
  std::string json;
  bool is_running = false;
};

/// Throws Error (Failure) where no node was ever started in the folder.
StatusAnswer read_status(const Configuration& configuration);

}  // namespace lumbargrade::node
