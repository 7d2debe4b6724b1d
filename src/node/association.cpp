#include "node/association.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dimse.h>
#include <dcmtk/dcmnet/diutil.h>
#include <dcmtk/dcmtls/tlslayer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/printable_text.h"
#include "core/process_memory.h"
#include "dicom/library.h"
#include "dicom/transfer_syntax.h"
#include "node/commitment.h"
#include "node/image_store.h"
#include "node/tls.h"

namespace lumbargrade::node {
namespace {

constexpr std::uint64_t kMemoryBytes = std::uint64_t{1} << 30;
/// One message may take this many times the timeout: who sends a byte now and then is not served for ever.
constexpr int kSlowestTimeouts = 10;

constexpr DIC_US kNoSuchInstance = 0x0112;
constexpr DIC_US kDuplicateInstance = 0x0111;  // PS3.7 annex C

/// What is graded, and what of ours comes back from an archive and is left out.
constexpr std::array<const char*, 3> kImages = {UID_MRImageStorage, UID_EnhancedMRImageStorage,
                                                UID_LegacyConvertedEnhancedMRImageStorage};
constexpr std::array<const char*, 3> kResults = {UID_ComprehensiveSRStorage, UID_SecondaryCaptureImageStorage,
                                                 UID_SegmentationStorage};

/// A hostile peer costs this process, and no more.
void limit_association(const Configuration& configuration) {
  limit_private_memory(kMemoryBytes);
  const rlim_t largest = static_cast<rlim_t>(configuration.largest_file_mb) << 20;
  const rlimit file{largest, largest};
  setrlimit(RLIMIT_FSIZE, &file);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGALRM, SIG_DFL);
}

void allow_time(const Configuration& configuration) {
  alarm(static_cast<unsigned>(kSlowestTimeouts * configuration.timeout_s));
}

class Association {
 public:
  Association(const Configuration& configuration, std::string address)
      : configuration_(configuration), address_(std::move(address)), store_(configuration) {}
  ~Association() {
    if (association_ != nullptr) {
      ASC_dropSCPAssociation(association_);
      ASC_destroyAssociation(&association_);
    }
    if (network_ != nullptr) ASC_dropNetwork(&network_);
  }
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  int run(int connection) {
    limit_association(configuration_);
    allow_time(configuration_);
    if (!receive(connection) || !is_welcome() || !accept_contexts()) return 1;
    OFCondition condition = EC_Normal;
    while (condition.good()) {
      allow_time(configuration_);
      condition = serve_command();
    }
    return end(condition);
  }

 private:
  bool receive(int connection) {
    dicom::set_up_library();
    dcmDisableGethostbyaddr.set(OFTrue);
    dcmSocketReceiveTimeout.set(configuration_.timeout_s);
    dcmSocketSendTimeout.set(configuration_.timeout_s);
    dcmExternalSocketHandle.set(dup(connection));
    const OFCondition made =
        ASC_initializeNetwork(NET_ACCEPTOR, configuration_.port, configuration_.timeout_s, &network_);
    if (made.bad()) return refuse(made.text());
    const bool is_secure = !configuration_.tls.certificate.empty();
    if (is_secure) {
      tls_ = tls_layer(configuration_.tls, NET_ACCEPTOR);
      ASC_setTransportLayer(network_, tls_.get(), 0);
    }
    const OFCondition received =
        ASC_receiveAssociation(network_, &association_, ASC_DEFAULTMAXPDU, nullptr, nullptr,
                               is_secure ? OFTrue : OFFalse, DUL_NOBLOCK, configuration_.timeout_s);
    return received.good() || refuse(text("no association was asked for (", received.text(), ")"));
  }

  bool refuse(const std::string& why) const {
    log_warning(text("connection from ", address_, " refused: ", printable(why)));
    return false;
  }

  bool reject(T_ASC_RejectParametersReason reason, const std::string& why) {
    const T_ASC_RejectParameters parameters{ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, reason};
    ASC_rejectAssociation(association_, &parameters);
    return refuse(why);
  }

  bool is_welcome() {
    std::array<char, 65> calling{}, called{}, responding{};
    ASC_getAPTitles(association_->params, calling.data(), calling.size(), called.data(), called.size(),
                    responding.data(), responding.size());
    title_ = calling.data();
    if (configuration_.ae_title != called.data()) {
      return reject(ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED, text("it calls \"", called.data(), "\""));
    }
    const auto& senders = configuration_.senders;
    is_sender_ = std::any_of(senders.begin(), senders.end(), [&](const Sender& sender) {
      return sender.ae_title == title_ && (sender.address.empty() || sender.address == address_);
    });
    if (is_sender_ || find_peer(configuration_, title_) != nullptr) return true;
    return reject(ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED,
                  text("\"", title_, "\" is no sender that may send from there"));
  }

  /// Of each context the first syntax that the other side names and that can be read: what it names first it need not
  /// convert.
  void accept_in_their_order(const std::vector<std::string>& classes, const std::vector<std::string>& syntaxes,
                             T_ASC_SC_ROLE role) {
    const auto holds = [](const std::vector<std::string>& list, const char* uid) {
      return std::find(list.begin(), list.end(), uid) != list.end();
    };
    for (int k = 0; k < ASC_countPresentationContexts(association_->params); ++k) {
      T_ASC_PresentationContext context{};
      if (ASC_getPresentationContext(association_->params, k, &context).bad()) continue;
      if (!holds(classes, context.abstractSyntax)) continue;
      for (int n = 0; n < context.transferSyntaxCount; ++n) {
        if (!holds(syntaxes, context.proposedTransferSyntaxes[n])) continue;
        ASC_acceptPresentationContext(association_->params, context.presentationContextID,
                                      context.proposedTransferSyntaxes[n], role);
        break;
      }
    }
  }

  bool accept_contexts() {
    const std::vector<std::string> plain = {UID_LittleEndianExplicitTransferSyntax,
                                            UID_LittleEndianImplicitTransferSyntax};
    accept_in_their_order({UID_VerificationSOPClass}, plain, ASC_SC_ROLE_DEFAULT);
    // With it peers bring their answers: who asks for the association provides the service.
    accept_in_their_order({UID_StorageCommitmentPushModelSOPClass}, plain, ASC_SC_ROLE_SCP);
    if (is_sender_) {
      std::vector<std::string> classes(kImages.begin(), kImages.end());
      classes.insert(classes.end(), kResults.begin(), kResults.end());
      std::vector<std::string> syntaxes = dicom::readable_transfer_syntaxes();
      syntaxes.insert(syntaxes.end(), plain.begin(), plain.end());
      accept_in_their_order(classes, syntaxes, ASC_SC_ROLE_DEFAULT);
    }
    if (ASC_countAcceptedPresentationContexts(association_->params) == 0) {
      return reject(ASC_REASON_SU_NOREASON, text("\"", title_, "\" offers no MR images in a syntax that can be read"));
    }
    const OFCondition condition = ASC_acknowledgeAssociation(association_);
    return condition.good() || refuse(condition.text());
  }

  OFCondition serve_command() {
    T_DIMSE_Message message{};
    T_ASC_PresentationContextID context = 0;
    DcmDataset* given_detail = nullptr;
    OFCondition condition = DIMSE_receiveCommand(association_, DIMSE_NONBLOCKING, configuration_.timeout_s, &context,
                                                 &message, &given_detail);
    const std::unique_ptr<DcmDataset> detail(given_detail);
    if (condition.bad()) return condition;
    if (message.CommandField == DIMSE_C_ECHO_RQ) {
      return DIMSE_sendEchoResponse(association_, context, &message.msg.CEchoRQ, STATUS_Success, nullptr);
    }
    if (message.CommandField == DIMSE_N_EVENT_REPORT_RQ) return take_report(context, message.msg.NEventReportRQ);
    if (message.CommandField == DIMSE_C_STORE_RQ) return store(context, message.msg.CStoreRQ);
    return DIMSE_BADCOMMANDTYPE;
  }

  /// What a peer says of instances that it was asked to keep.
  OFCondition take_report(T_ASC_PresentationContextID context, const T_DIMSE_N_EventReportRQ& request) {
    if (request.DataSetType == DIMSE_DATASET_NULL) return DIMSE_BADCOMMANDTYPE;
    DcmDataset* received = nullptr;
    const OFCondition condition = DIMSE_receiveDataSetInMemory(
        association_, DIMSE_NONBLOCKING, configuration_.timeout_s, &context, &received, nullptr, nullptr);
    const std::unique_ptr<DcmDataset> report(received);
    if (condition.bad() || !report) return condition.bad() ? condition : DIMSE_BADCOMMANDTYPE;
    const bool is_known = apply_commitment(Spool(configuration_.folder), read_commitment_answer(*report));
    if (!is_known) log_warning(text("\"", title_, "\" confirms what it was not asked for"));
    T_DIMSE_Message answer{};
    answer.CommandField = DIMSE_N_EVENT_REPORT_RSP;
    T_DIMSE_N_EventReportRSP& response = answer.msg.NEventReportRSP;
    response.MessageIDBeingRespondedTo = request.MessageID;
    response.DimseStatus = is_known ? STATUS_Success : kNoSuchInstance;
    response.DataSetType = DIMSE_DATASET_NULL;
    response.EventTypeID = request.EventTypeID;
    OFStandard::strlcpy(response.AffectedSOPClassUID, request.AffectedSOPClassUID, sizeof response.AffectedSOPClassUID);
    OFStandard::strlcpy(response.AffectedSOPInstanceUID, request.AffectedSOPInstanceUID,
                        sizeof response.AffectedSOPInstanceUID);
    response.opts =
        O_NEVENTREPORT_AFFECTEDSOPCLASSUID | O_NEVENTREPORT_AFFECTEDSOPINSTANCEUID | O_NEVENTREPORT_EVENTTYPEID;
    return DIMSE_sendMessageUsingMemoryData(association_, context, &answer, nullptr, nullptr, nullptr, nullptr);
  }

  OFCondition store(T_ASC_PresentationContextID context, T_DIMSE_C_StoreRQ& request) {
    const std::string sop_class = request.AffectedSOPClassUID;
    const bool is_image = std::find(kImages.begin(), kImages.end(), sop_class) != kImages.end();
    if (!is_image) {
      ++left_out_;
      return answer_without_storing(context, request, STATUS_Success);
    }
    if (const std::string why = store_.reason_to_refuse(); !why.empty()) {
      log_error(text("images of \"", title_, "\" are refused: ", why));
      return answer_without_storing(context, request, STATUS_STORE_Refused_OutOfResources);
    }
    StoreCall call{*this, store_.next_part(), request.AffectedSOPInstanceUID};
    const OFCondition condition = DIMSE_storeProvider(association_, context, &request, call.part.c_str(), 1, nullptr,
                                                      finish_store, &call, DIMSE_NONBLOCKING, configuration_.timeout_s);
    store_.discard(call.part);
    return condition;
  }

  OFCondition answer_without_storing(T_ASC_PresentationContextID context, T_DIMSE_C_StoreRQ& request, DIC_US status) {
    DIC_UL bytes = 0, parts = 0;
    const OFCondition ignored =
        DIMSE_ignoreDataSet(association_, DIMSE_NONBLOCKING, configuration_.timeout_s, &bytes, &parts);
    if (ignored.bad()) return ignored;
    T_DIMSE_C_StoreRSP response{};
    response.DimseStatus = status;
    response.DataSetType = DIMSE_DATASET_NULL;
    response.MessageIDBeingRespondedTo = request.MessageID;
    OFStandard::strlcpy(response.AffectedSOPClassUID, request.AffectedSOPClassUID, sizeof response.AffectedSOPClassUID);
    OFStandard::strlcpy(response.AffectedSOPInstanceUID, request.AffectedSOPInstanceUID,
                        sizeof response.AffectedSOPInstanceUID);
    response.opts = O_STORE_AFFECTEDSOPCLASSUID | O_STORE_AFFECTEDSOPINSTANCEUID;
    return DIMSE_sendStoreResponse(association_, context, &request, &response, nullptr);
  }

  struct StoreCall {
    Association& association;
    std::filesystem::path part;
    std::string sop_instance_uid;
  };

  /// DCMTK calls it last before it answers, with what it thinks of the data so far in `response`.
  // NOLINTNEXTLINE(readability-function-size): DCMTK's parameters
  static void finish_store(void* data, T_DIMSE_StoreProgress* progress, T_DIMSE_C_StoreRQ*, char*, DcmDataset**,
                           T_DIMSE_C_StoreRSP* response, DcmDataset**) {
    if (progress->state != DIMSE_StoreEnd || response->DimseStatus != STATUS_Success) return;
    const StoreCall& call = *static_cast<StoreCall*>(data);
    response->DimseStatus = call.association.keep(call);
  }

  DIC_US keep(const StoreCall& call) {
    const Kept kept = store_.keep(call.part, call.sop_instance_uid);
    if (kept.outcome == Kept::Outcome::Stored || kept.outcome == Kept::Outcome::HadIt) {
      ++images_;
      studies_.insert(kept.study);
      return STATUS_Success;
    }
    log_warning(text("an image of \"", title_, "\" is refused: ", kept.why));
    if (kept.outcome == Kept::Outcome::OtherContent) return kDuplicateInstance;
    return kept.outcome == Kept::Outcome::NoRoom ? STATUS_STORE_Refused_OutOfResources
                                                 : STATUS_STORE_Error_CannotUnderstand;
  }

  int end(const OFCondition& condition) {
    const std::string what =
        text(images_, images_ == 1 ? " image" : " images", " of ", studies_.size(),
             studies_.size() == 1 ? " study" : " studies", " from \"", title_, "\" (", address_, ")");
    if (left_out_ > 0) log_info(text(left_out_, " objects from \"", title_, "\" are no MR images and were left out"));
    if (condition == DUL_PEERREQUESTEDRELEASE) {
      ASC_acknowledgeRelease(association_);
      if (images_ > 0) log_info(text("received ", what));
      return 0;
    }
    const bool is_gone = condition == DUL_PEERABORTEDASSOCIATION || condition == DUL_NETWORKCLOSED;
    if (!is_gone) ASC_abortAssociation(association_);
    log_warning(text("an association broke off after ", what, ": ", printable(condition.text())));
    return 1;
  }

  const Configuration& configuration_;
  std::string address_;
  std::string title_;
  ImageStore store_;
  std::unique_ptr<DcmTLSTransportLayer> tls_;
  T_ASC_Network* network_ = nullptr;
  T_ASC_Association* association_ = nullptr;
  bool is_sender_ = false;
  size_t images_ = 0;
  size_t left_out_ = 0;
  std::set<std::string> studies_;
};

}  // namespace

int serve_association(const Configuration& configuration, int connection, const std::string& address) {
  return Association(configuration, address).run(connection);
}

}  // namespace lumbargrade::node
