#pragma once

#include <string>
#include <vector>

namespace lumbargrade::dicom {

/// How pixels are compressed, as far as this loader reads it.
enum class PixelCoding { Native, Rle, Jpeg, JpegLs, Jpeg2000, Unsupported };

/// From the transfer syntax; a missing one (empty) is native.
PixelCoding pixel_coding(const std::string& transfer_syntax_uid);

/// The UIDs of all whose pixels can be decoded.
std::vector<std::string> readable_transfer_syntaxes();

/// "JPEG 2000 Image Compression (Lossless Only) (1.2.840.10008.1.2.4.90)".
std::string describe_transfer_syntax(const std::string& transfer_syntax_uid);

}  // namespace lumbargrade::dicom
