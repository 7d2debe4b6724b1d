#pragma once

#include <string>
#include <vector>

#include "node/spool.h"

class DcmDataset;

namespace lumbargrade::node {

/// What a peer says of instances that it was asked to keep (storage commitment, PS3.4 annex J).
struct CommitmentAnswer {
  std::string transaction_uid;
  std::vector<std::string> kept, failed;  ///< SOP instance UIDs
};

/// An instance as a request names it.
struct CommittedInstance {
  std::string sop_class_uid, sop_instance_uid;
};

/// Fills the data set of a request.
void write_commitment_request(DcmDataset& dataset, const std::string& transaction_uid,
                              const std::vector<CommittedInstance>& instances);

/// Of an event report. What is no UID in it is left out.
CommitmentAnswer read_commitment_answer(DcmDataset& dataset);

/// Remembers in the spool that a peer was asked, so that its answer is known whenever and wherever it comes.
void remember_commitment(const Spool& spool, const std::string& transaction_uid, const std::string& peer);

/// Marks what is kept as sent, and what is not as of unknown fate. Returns false, and does nothing, where nobody was
/// asked for this transaction.
bool apply_commitment(const Spool& spool, const CommitmentAnswer& answer);

}  // namespace lumbargrade::node
