#include "node/peer_association.h"

#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dul.h>
#include <dcmtk/dcmtls/tlslayer.h>

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "dicom/library.h"
#include "node/tls.h"
#include "study/header_uids.h"

namespace lumbargrade::node {
namespace {

constexpr DIC_US kStatusKind = 0xF000;
constexpr Uint16 kRequestCommitment = 1;  // action type, PS3.4 table J.3-1
constexpr int kAnswerWait_s = 2;
constexpr DIC_US kWarning = 0xB000;  // stored, with something to remark

std::string hexadecimal(unsigned status) {
  char words[8] = "";
  std::snprintf(words, sizeof words, "%04X", status);
  return words;
}

std::string sop_class_of(const std::filesystem::path& file) {
  DcmMetaInfo header;
  OFString uid;
  if (header.loadFile(file.c_str()).good()) header.findAndGetOFString(DCM_MediaStorageSOPClassUID, uid);
  return uid.c_str();
}

void require(const OFCondition& condition, const char* what) {
  if (condition.bad()) throw Error(ErrorKind::Failure, text(what, ": ", condition.text()));
}

}  // namespace

PeerAssociation::PeerAssociation(const Configuration& configuration, const Peer& peer)
    : spool_(configuration.folder), peer_(peer) {
  dicom::set_up_library();
  dcmConnectionTimeout.set(configuration.timeout_s);
  dcmSocketReceiveTimeout.set(configuration.timeout_s);
  dcmSocketSendTimeout.set(configuration.timeout_s);
  setAETitle(configuration.ae_title.c_str());
  setPeerAETitle(peer.ae_title.c_str());
  setPeerHostName(peer.address.c_str());
  setPeerPort(static_cast<Uint16>(peer.port));
  setACSETimeout(static_cast<Uint32>(configuration.timeout_s));
  setDIMSEBlockingMode(DIMSE_NONBLOCKING);
  setDIMSETimeout(static_cast<Uint32>(configuration.timeout_s));
  propose();
  require(initNetwork(), "the network cannot be used");
  if (peer.tls) {
    tls_ = tls_layer(configuration.tls, NET_REQUESTOR);
    require(useSecureConnection(tls_.get()), "the connection cannot be secured");
  }
  require(negotiateAssociation(), "no association");
}

PeerAssociation::~PeerAssociation() {
  if (isConnected()) abortAssociation();
  freeNetwork();
}

void PeerAssociation::propose() {
  OFList<OFString> syntaxes;
  syntaxes.emplace_back(UID_LittleEndianExplicitTransferSyntax);
  for (const char* sop_class :
       {UID_ComprehensiveSRStorage, UID_SecondaryCaptureImageStorage, UID_SegmentationStorage}) {
    addPresentationContext(sop_class, syntaxes);
  }
  syntaxes.emplace_back(UID_LittleEndianImplicitTransferSyntax);
  addPresentationContext(UID_VerificationSOPClass, syntaxes);
  if (peer_.commitment) addPresentationContext(UID_StorageCommitmentPushModelSOPClass, syntaxes);
  addPresentationContext(UID_FINDStudyRootQueryRetrieveInformationModel, syntaxes);
}

T_ASC_PresentationContextID PeerAssociation::find_context() {
  return findPresentationContextID(UID_FINDStudyRootQueryRetrieveInformationModel, "");
}

std::vector<std::vector<std::string>> PeerAssociation::find(const std::vector<std::pair<DcmTagKey, std::string>>& keys,
                                                            const std::vector<DcmTagKey>& wanted) {
  DcmDataset query;
  for (const auto& [tag, value] : keys) query.putAndInsertString(tag, value.c_str());
  OFList<QRResponse*> responses;
  const OFCondition asked = sendFINDRequest(find_context(), &query, &responses);
  std::vector<std::vector<std::string>> found;
  for (QRResponse* response : responses) {
    const std::unique_ptr<QRResponse> owned(response);
    if (response->m_dataset == nullptr) continue;
    std::vector<std::string> values;
    for (const DcmTagKey& tag : wanted) {
      OFString value;
      response->m_dataset->findAndGetOFString(tag, value);
      values.emplace_back(value.c_str());
    }
    found.push_back(std::move(values));
  }
  require(asked, "C-FIND");
  return found;
}

bool PeerAssociation::has(const std::filesystem::path& file) {
  const auto uids = read_header_uids(file);
  if (find_context() == 0 || !uids) return false;
  const auto found = find({{DCM_QueryRetrieveLevel, "IMAGE"},
                           {DCM_StudyInstanceUID, uids->study_instance_uid},
                           {DCM_SeriesInstanceUID, uids->series_instance_uid},
                           {DCM_SOPInstanceUID, uids->sop_instance_uid}},
                          {DCM_SOPInstanceUID});
  return std::any_of(found.begin(), found.end(),
                     [&](const auto& values) { return values[0] == uids->sop_instance_uid; });
}

std::optional<size_t> PeerAssociation::count_images(const std::string& study_instance_uid) {
  if (find_context() == 0) return std::nullopt;
  const auto series = find({{DCM_QueryRetrieveLevel, "SERIES"},
                            {DCM_StudyInstanceUID, study_instance_uid},
                            {DCM_SeriesInstanceUID, ""},
                            {DCM_Modality, ""}},
                           {DCM_SeriesInstanceUID, DCM_Modality});
  size_t images = 0;
  for (const auto& values : series) {
    if (values[1] != "MR") continue;
    images += find({{DCM_QueryRetrieveLevel, "IMAGE"},
                    {DCM_StudyInstanceUID, study_instance_uid},
                    {DCM_SeriesInstanceUID, values[0]},
                    {DCM_SOPInstanceUID, ""}},
                   {DCM_SOPInstanceUID})
                  .size();
  }
  return images;
}

std::string PeerAssociation::store(const std::filesystem::path& file) {
  Uint16 status = 0;
  const OFCondition sent = sendSTORERequest(0, file.c_str(), nullptr, status);
  if (sent == NET_EC_NoAcceptablePresentationContexts || sent == DIMSE_NOVALIDPRESENTATIONCONTEXTID) {
    return "it does not accept this kind of object";
  }
  require(sent, "C-STORE");
  if (status == STATUS_Success || (status & kStatusKind) == kWarning) {
    if (can_confirm()) to_confirm_.push_back({sop_class_of(file), file.stem().string()});
    return {};
  }
  return text("it refused an instance (status ", hexadecimal(status), ")");
}

bool PeerAssociation::can_confirm() {
  return peer_.commitment && findPresentationContextID(UID_StorageCommitmentPushModelSOPClass, "") != 0;
}

void PeerAssociation::ask_to_keep() {
  if (to_confirm_.empty()) return;
  const auto context = findPresentationContextID(UID_StorageCommitmentPushModelSOPClass, "");
  char transaction[100] = "";
  dcmGenerateUniqueIdentifier(transaction);
  DcmDataset request;
  write_commitment_request(request, transaction, to_confirm_);
  remember_commitment(spool_, transaction, peer_.ae_title);
  Uint16 status = 0;
  require(sendACTIONRequest(context, UID_StorageCommitmentPushModelSOPInstance, kRequestCommitment, &request, status),
          "storage commitment");
  if (status != STATUS_Success) {
    throw Error(ErrorKind::Failure, text("it refused to confirm (status ", hexadecimal(status), ")"));
  }
  DcmDataset* report = nullptr;
  Uint16 kind = 0;
  const OFCondition told = handleEVENTREPORTRequest(report, kind, kAnswerWait_s);
  const std::unique_ptr<DcmDataset> owned(report);
  if (told.good() && owned) apply_commitment(spool_, read_commitment_answer(*owned));
}

void PeerAssociation::verify() {
  require(sendECHORequest(0), "C-ECHO");
}

void PeerAssociation::release() {
  releaseAssociation();
}

}  // namespace lumbargrade::node
