#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/configuration.h"

namespace lumbargrade::node {

/// An association with a peer, open as long as it lives.
class PeerAssociation {
 public:
  /// Throws Error (Failure) that says why the peer is not to be had.
  PeerAssociation(const Configuration& configuration, const Peer& peer);
  ~PeerAssociation();
  PeerAssociation(const PeerAssociation&) = delete;
  PeerAssociation& operator=(const PeerAssociation&) = delete;

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
  bool can_confirm() const;
  /// Asks it to keep instances that it took in this association, and takes its answer if it comes within a few seconds;
  /// else the peer brings it in an association of its own (association.h). Throws Error (Failure).
  void ask_to_keep(const std::vector<std::string>& sop_instance_uids);

  /// C-ECHO. Throws Error (Failure).
  void verify();

  void release();

 private:
  class Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace lumbargrade::node
