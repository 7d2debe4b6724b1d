#pragma once

#include <string>

#include "node/configuration.h"

namespace lumbargrade::node {

/// The life of a process that serves one association on an accepted connection: verification and storage, for senders
/// that the configuration names. Images go to the spool; each is on the disk before it is answered. Other results of
/// ours that a PACS sends on are answered and left out. Returns 0 where the association ended in order.
int serve_association(const Configuration& configuration, int connection, const std::string& address);

}  // namespace lumbargrade::node
