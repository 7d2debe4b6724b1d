#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/scu.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/commitment.h"
#include "node/configuration.h"

class DcmTLSTransportLayer;

namespace lumbargrade::node {

/// An association with a peer, open as long as it lives.
class PeerAssociation : private DcmSCU {
 public:
  /// The peer is used, not copied. Throws Error (Failure) that says why it is not to be had.
  PeerAssociation(const Configuration& configuration, const Peer& peer);
  ~PeerAssociation() override;

  /// Whether the peer says on C-FIND that it has the file's instance. False where it offers no C-FIND. Throws Error
  /// (Failure) when the association breaks.
  bool has(const std::filesystem::path& file);

  /// How many MR images of a study the peer says on C-FIND that it has; nothing where it offers no C-FIND. Throws Error
  /// (Failure).
  std::optional<size_t> count_images(const std::string& study_instance_uid);

  /// Sends one file, byte by byte as it is. Returns why the peer refused it; empty where it took it. Throws Error
  /// (Failure) when the association breaks: what the peer has then is not known.
  std::string store(const std::filesystem::path& file);

  /// Whether the peer is to confirm that it keeps what it took, and offers to.
  bool can_confirm();
  /// Asks it to keep the instances that it took in this association, where it can confirm that, and takes its answer if
  /// it comes within a few seconds; else the peer brings it in an association of its own (association.h). Throws Error
  /// (Failure).
  void ask_to_keep();

  /// C-ECHO. Throws Error (Failure).
  void verify();

  void release();

 private:
  void propose();
  T_ASC_PresentationContextID find_context();
  /// The values of `wanted` in every answer to a C-FIND with these keys. Throws Error (Failure).
  std::vector<std::vector<std::string>> find(const std::vector<std::pair<DcmTagKey, std::string>>& keys,
                                             const std::vector<DcmTagKey>& wanted);

  const Spool spool_;
  const Peer& peer_;
  std::vector<CommittedInstance> to_confirm_;  ///< of those that the peer took
  std::unique_ptr<DcmTLSTransportLayer> tls_;
};

}  // namespace lumbargrade::node
