#include "node/check.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmtls/tlslayer.h>

#include <functional>

#include "batch/result_store.h"
#include "core/error.h"
#include "core/log.h"
#include "core/printable_text.h"
#include "node/peer_association.h"
#include "node/receiver.h"
#include "node/tls.h"

namespace lumbargrade::node {
namespace {

bool is_fine(const char* what, const std::function<void()>& trial) {
  try {
    trial();
    log_info(text(what, ": fine"));
    return true;
  } catch (const Error& error) {
    log_error(text(what, ": ", error.what()));
    return false;
  }
}

void try_peer(const Configuration& configuration, const Peer& peer) {
  const std::string name = text("peer \"", peer.ae_title, "\" at ", peer.address, ":", peer.port);
  try {
    PeerAssociation association(configuration, peer);
    association.verify();
    association.release();
    log_info(text(name, " answers"));
  } catch (const Error& error) {
    log_warning(text(name, " does not answer now: ", error.what()));
  }
}

}  // namespace

std::string explanation(const CheckedConfiguration& checked) {
  std::string lines;
  for (const ExplainedLine& line : checked.lines) {
    const std::string place = line.line > 0 ? text("line ", line.line) : "default";
    lines += text(place, ": ", line.setting, line.setting.ends_with("]") ? "" : text(" = ", printable(line.value)),
                  ": ", line.meaning, "\n");
  }
  return lines;
}

bool check_surroundings(const Configuration& configuration) {
  bool all = is_fine("folder", [&] { const FolderLock lock(configuration.folder); });
  all = is_fine("port", [&] { listen_on(configuration); }) && all;
  if (!configuration.tls.certificate.empty()) {
    all = is_fine("certificate", [&] { tls_layer(configuration.tls, NET_ACCEPTOR); }) && all;
    if (all) log_info(text("the certificate runs out on ", last_day_of_certificate(configuration.tls.certificate)));
  }
  for (const Peer& peer : configuration.peers) try_peer(configuration, peer);
  return all;
}

}  // namespace lumbargrade::node
