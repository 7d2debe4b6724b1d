#include "node/commitment.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <fstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "node/outbox.h"

namespace lumbargrade::node {
namespace {

std::string uid_in(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  item.findAndGetOFString(tag, value);
  const std::string uid = value.c_str();
  return is_uid(uid) ? uid : "";
}

std::vector<std::string> instances_in(DcmDataset& dataset, const DcmTagKey& sequence) {
  std::vector<std::string> instances;
  DcmItem* item = nullptr;
  for (long k = 0; dataset.findAndGetSequenceItem(sequence, item, k).good() && item != nullptr; ++k) {
    std::string uid = uid_in(*item, DCM_ReferencedSOPInstanceUID);
    if (!uid.empty()) instances.push_back(std::move(uid));
  }
  return instances;
}

}  // namespace

void write_commitment_request(DcmDataset& dataset, const std::string& transaction_uid,
                              const std::vector<CommittedInstance>& instances) {
  dataset.putAndInsertString(DCM_TransactionUID, transaction_uid.c_str());
  for (const CommittedInstance& instance : instances) {
    DcmItem* item = nullptr;
    if (dataset.findOrCreateSequenceItem(DCM_ReferencedSOPSequence, item, -2).bad()) continue;
    item->putAndInsertString(DCM_ReferencedSOPClassUID, instance.sop_class_uid.c_str());
    item->putAndInsertString(DCM_ReferencedSOPInstanceUID, instance.sop_instance_uid.c_str());
  }
}

CommitmentAnswer read_commitment_answer(DcmDataset& dataset) {
  return {uid_in(dataset, DCM_TransactionUID), instances_in(dataset, DCM_ReferencedSOPSequence),
          instances_in(dataset, DCM_FailedSOPSequence)};
}

void remember_commitment(const Spool& spool, const std::string& transaction_uid, const std::string& peer) {
  write_file_atomically(spool.commitments() / transaction_uid, peer);
}

bool apply_commitment(const Spool& spool, const CommitmentAnswer& answer) {
  if (answer.transaction_uid.empty()) return false;
  std::ifstream stream(spool.commitments() / answer.transaction_uid);
  std::string peer;
  if (!std::getline(stream, peer)) return false;
  const Outbox outbox(spool, peer);
  for (const std::string& uid : answer.kept) outbox.end_confirmed(uid);
  for (const std::string& uid : answer.failed) outbox.doubt(uid);
  const auto counted = [](size_t count) { return text(count, count == 1 ? " instance" : " instances"); };
  if (!answer.kept.empty()) log_info(text("\"", peer, "\" confirms that it keeps ", counted(answer.kept.size())));
  if (!answer.failed.empty()) {
    log_warning(text("\"", peer, "\" does not keep ", counted(answer.failed.size()), ", to be sent again"));
  }
  std::error_code ignored;
  std::filesystem::remove(spool.commitments() / answer.transaction_uid, ignored);
  return true;
}

}  // namespace lumbargrade::node
