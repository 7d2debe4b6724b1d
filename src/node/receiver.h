#pragma once

#include "batch/descriptor.h"
#include "node/configuration.h"

namespace lumbargrade::node {

/// Opens the port. Throws Error (Failure) where it is taken or may not be used.
Descriptor listen_on(const Configuration& configuration);

/// The life of the process that receives: accepts connections on `listening` and gives each a process of its own
/// (association.h), which is all that a hostile peer can end. Returns when SIGTERM came and the associations have had
/// `timeout_s` seconds to end.
int run_receiver(const Configuration& configuration, int listening);

}  // namespace lumbargrade::node
