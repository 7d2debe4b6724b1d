#include "dicom/transfer_syntax.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include <array>
#include <utility>

#include "core/error.h"

namespace lumbargrade::dicom {
namespace {

constexpr std::array<std::pair<const char*, PixelCoding>, 13> kCodings = {{
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
  for (const auto& [uid, coding] : kCodings) uids.emplace_back(uid);
  return uids;
}

std::string describe_transfer_syntax(const std::string& transfer_syntax_uid) {
  const char* uid = transfer_syntax_uid.c_str();
  const DcmXfer known(uid);
  // DCMTK 3.6.7 does not know these, 3.6.9 by a longer name: they have one of ours.
  for (const char* high_throughput :
       {"1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203"}) {
    if (transfer_syntax_uid == high_throughput) return text("High-Throughput JPEG 2000 (", transfer_syntax_uid, ")");
  }
  std::string name = known.getXfer() == EXS_Unknown ? dcmFindNameOfUID(uid, "unknown") : known.getXferName();
  if (name == "unknown" && transfer_syntax_uid.rfind("1.2.840.10008.", 0) != 0) name = "private";
  return name + " (" + transfer_syntax_uid + ")";
}

}  // namespace lumbargrade::dicom
