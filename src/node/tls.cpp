#include "node/tls.h"

#include <dcmtk/dcmtls/tlslayer.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <ctime>

#include "core/error.h"

namespace lumbargrade::node {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate read_certificate(const std::filesystem::path& file) {
  const std::unique_ptr<FILE, int (*)(FILE*)> stream(std::fopen(file.c_str(), "rb"), std::fclose);
  Certificate certificate(stream ? PEM_read_X509(stream.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  if (!certificate) throw Error(ErrorKind::Usage, text(file.string(), " holds no certificate in PEM"));
  return certificate;
}

void require_tls(const OFCondition& condition, const char* what, const std::filesystem::path& file) {
  if (condition.bad()) throw Error(ErrorKind::Usage, text("tls: ", what, " ", file.string(), ": ", condition.text()));
}

void check_dates(const std::filesystem::path& file) {
  const Certificate certificate = read_certificate(file);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    throw Error(ErrorKind::Usage, text("the certificate ", file.string(), " ran out on ", last_day_of_certificate(file),
                                       "; put a new one in its place"));
  }
  if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
    throw Error(ErrorKind::Usage, text("the certificate ", file.string(), " does not count yet"));
  }
}

/// DCMTK wants the profile here too since 3.6.8.
template <typename Layer>
OFCondition set_certificate(Layer& layer, const char* file) {
  if constexpr (requires { layer.setCertificateFile(file, DCF_Filetype_PEM); }) {
    return layer.setCertificateFile(file, DCF_Filetype_PEM);
  } else {
    return layer.setCertificateFile(file, DCF_Filetype_PEM, TSP_Profile_BCP195);
  }
}

}  // namespace

std::string last_day_of_certificate(const std::filesystem::path& certificate) {
  std::tm moment{};
  ASN1_TIME_to_tm(X509_get0_notAfter(read_certificate(certificate).get()), &moment);
  char day[16] = "";
  std::strftime(day, sizeof day, "%Y-%m-%d", &moment);
  return day;
}

std::unique_ptr<DcmTLSTransportLayer> tls_layer(const TlsFiles& files, T_ASC_NetworkRole role) {
  check_dates(files.certificate);
  auto layer = std::make_unique<DcmTLSTransportLayer>(role, nullptr, OFTrue);
  require_tls(layer->setPrivateKeyFile(files.key.c_str(), DCF_Filetype_PEM), "cannot use the key", files.key);
  require_tls(set_certificate(*layer, files.certificate.c_str()), "cannot use", files.certificate);
  if (!layer->checkPrivateKeyMatchesCertificate()) {
    throw Error(ErrorKind::Usage, text("tls: ", files.key.string(), " is not the key of ", files.certificate.string()));
  }
  require_tls(layer->addTrustedCertificateFile(files.authorities.c_str(), DCF_Filetype_PEM), "cannot use",
              files.authorities);
  require_tls(layer->setTLSProfile(TSP_Profile_BCP195), "profile", files.certificate);
  require_tls(layer->activateCipherSuites(), "profile", files.certificate);
  layer->setCertificateVerification(DCV_requireCertificate);
  return layer;
}

}  // namespace lumbargrade::node
