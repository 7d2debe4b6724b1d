#pragma once

#include <string>
#include <vector>

#include "node/configuration.h"
#include "node/spool.h"

namespace lumbargrade::node {

/// An instance that waits to be sent.
struct Waiting {
  std::string sop_instance_uid;
  bool is_fate_unknown = false;  ///< it was being sent when the connection or the process ended
};

/// What waits for one peer, and what it has: files in the spool, which survive every end of the process.
class Outbox {
 public:
  Outbox(const Spool& spool, const std::string& peer) : waiting_(spool.outbox(peer)), sent_(spool.sent(peer)) {}

  /// Adds a DICOM file, by a link, unless it waits or was sent already. Returns whether it is new. Throws Error
  /// (Failure).
  bool add(const std::filesystem::path& file, const std::string& sop_instance_uid) const;

  /// Sorted; those of unknown fate first.
  std::vector<Waiting> waiting() const;
  size_t sent_count() const { return names_in(sent_).size(); }

  /// The file of an instance that is marked as being sent from now on.
  std::filesystem::path begin(const Waiting& instance) const;
  /// The peer has it.
  void end_sent(const std::string& sop_instance_uid) const;
  /// The peer took it, and is asked to confirm that it keeps it.
  void end_unconfirmed(const std::string& sop_instance_uid) const;
  /// It keeps it. Nothing where nobody asked.
  void end_confirmed(const std::string& sop_instance_uid) const;
  /// It does not, or has not answered: its fate is unknown. Nothing where nobody asked.
  void doubt(const std::string& sop_instance_uid) const;
  /// Those that were taken and not confirmed within `seconds`.
  std::vector<std::string> unconfirmed_for(int seconds) const;
  /// The peer has it not.
  void end_refused(const std::string& sop_instance_uid) const;

  bool was_sent(const std::string& sop_instance_uid) const;
  void forget_sent(const std::string& sop_instance_uid) const;

 private:
  /// Takes the instance out of the queue, where it stands in `state`, for good.
  void note_sent(const std::string& sop_instance_uid, const char* state) const;

  std::filesystem::path waiting_, sent_;
};

/// The life of the process that sends: whatever waits, to every peer, again after a pause where a peer was not there or
/// refused. Returns when SIGTERM came, after the instance that it is at.
int run_sender(const Configuration& configuration);

}  // namespace lumbargrade::node
