#include "dicom/transfer_syntax.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <array>

#include "core/error.h"

namespace lumbargrade::dicom {
namespace {

struct Coded {
  const char* uid;
  PixelCoding coding;
};

constexpr std::array<Coded, 13> kCodings = {{
    {"1.2.840.10008.1.2", PixelCoding::Native},
    {"1.2.840.10008.1.2.1", PixelCoding::Native},
    {"1.2.840.10008.1.2.2", PixelCoding::Native},
    {"1.2.840.10008.1.2.1.99", PixelCoding::Native},
    {"1.2.840.10008.1.2.5", PixelCoding::Rle},
    {"1.2.840.10008.1.2.4.50", PixelCoding::Jpeg},
    {"1.2.840.10008.1.2.4.51", PixelCoding::Jpeg},
    {"1.2.840.10008.1.2.4.57", PixelCoding::Jpeg},
    {"1.2.840.10008.1.2.4.70", PixelCoding::Jpeg},
    {"1.2.840.10008.1.2.4.80", PixelCoding::JpegLs},
    {"1.2.840.10008.1.2.4.81", PixelCoding::JpegLs},
    {"1.2.840.10008.1.2.4.90", PixelCoding::Jpeg2000},
    {"1.2.840.10008.1.2.4.91", PixelCoding::Jpeg2000},
}};

/// DCMTK 3.6.7 does not know them, 3.6.9 by a longer name: they have one of ours.
bool is_high_throughput(const std::string& uid) {
  return uid == "1.2.840.10008.1.2.4.201" || uid == "1.2.840.10008.1.2.4.202" || uid == "1.2.840.10008.1.2.4.203";
}

}  // namespace

PixelCoding pixel_coding(const std::string& transfer_syntax_uid) {
  if (transfer_syntax_uid.empty()) return PixelCoding::Native;
  for (const auto& [uid, coding] : kCodings) {
    if (transfer_syntax_uid == uid) return coding;
  }
  return PixelCoding::Unsupported;
}

std::vector<std::string> readable_transfer_syntaxes() {
  std::vector<std::string> uids;
  for (const Coded& coded : kCodings) uids.emplace_back(coded.uid);
  return uids;
}

std::string describe_transfer_syntax(const std::string& transfer_syntax_uid) {
  const char* uid = transfer_syntax_uid.c_str();
  const DcmXfer known(uid);
  if (is_high_throughput(transfer_syntax_uid)) return text("High-Throughput JPEG 2000 (", transfer_syntax_uid, ")");
  std::string name = known.getXfer() == EXS_Unknown ? dcmFindNameOfUID(uid, "unknown") : known.getXferName();
  if (name == "unknown" && transfer_syntax_uid.rfind("1.2.840.10008.", 0) != 0) name = "private";
  return name + " (" + transfer_syntax_uid + ")";
}

}  // namespace lumbargrade::dicom
