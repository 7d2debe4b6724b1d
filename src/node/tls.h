#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/assoc.h>

#include <memory>
#include <string>

#include "node/configuration.h"

class DcmTLSTransportLayer;

namespace lumbargrade::node {

/// Secures connections as BCP 195 asks (PS3.15 annex B.9), both sides with a certificate that one of the authorities
/// signed. Throws Error (Usage) where a file holds none, key and certificate do not belong together, or the certificate
/// has run out.
std::unique_ptr<DcmTLSTransportLayer> tls_layer(const TlsFiles& files, T_ASC_NetworkRole role);

/// "2027-01-31" of a certificate's last day. Throws Error (Usage) where the file holds none.
std::string last_day_of_certificate(const std::filesystem::path& certificate);

}  // namespace lumbargrade::node
