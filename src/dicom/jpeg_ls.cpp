#include <charls/charls.h>

#include <algorithm>
#include <system_error>

#include "dicom/codecs.h"

namespace lumbargrade::dicom {
namespace {

std::vector<uint16_t> decode_stream(const std::vector<unsigned char>& stream, const PixelFormat& format) {
  charls::jpegls_decoder decoder;
  decoder.source(stream.data(), stream.size());
  decoder.read_header();
  const charls::frame_info info = decoder.frame_info();
  if (info.width != static_cast<uint32_t>(format.columns) || info.height != static_cast<uint32_t>(format.rows) ||
      info.component_count != 1 || info.bits_per_sample > format.bits_allocated) {
    return {};
  }
  const size_t count = static_cast<size_t>(info.width) * info.height;
  std::vector<uint16_t> values(count);
  if (info.bits_per_sample > 8) {
    decoder.decode(values.data(), count * sizeof(uint16_t));
  } else {
    std::vector<uint8_t> narrow(count);
    decoder.decode(narrow.data(), narrow.size());
    std::copy(narrow.begin(), narrow.end(), values.begin());
  }
  return values;
}

}  // namespace

RawValues decode_jpeg_ls(const std::vector<Bytes>& fragments, const PixelFormat& format) {
  std::vector<unsigned char> stream;
  for (const Bytes fragment : fragments) stream.insert(stream.end(), fragment.begin(), fragment.end());
  try {
    auto values = decode_stream(stream, format);
    if (values.empty()) return std::nullopt;
    return values;
  } catch (const std::system_error&) {  // charls::jpegls_error
    return std::nullopt;
  }
}

}  // namespace lumbargrade::dicom
