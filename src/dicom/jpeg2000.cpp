#include "dicom/jpeg2000.h"

#include <gdcmByteValue.h>
#include <gdcmDataElement.h>
#include <gdcmFragment.h>
#include <gdcmJPEG2000Codec.h>
#include <gdcmSequenceOfFragments.h>

#include <algorithm>
#include <cstring>

namespace lumbargrade::dicom {
namespace {

gdcm::PixelFormat gdcm_format(const PixelFormat& format) {
  const auto word = [](int value) { return static_cast<unsigned short>(value); };
  return gdcm::PixelFormat(word(format.samples_per_pixel), word(format.bits_allocated), word(format.bits_stored),
                           word(format.high_bit), word(format.is_signed));
}

gdcm::DataElement encapsulate(const std::vector<Bytes>& fragments) {
  auto sequence = gdcm::SequenceOfFragments::New();
  for (const Bytes bytes : fragments) {
    gdcm::Fragment fragment;
    fragment.SetByteValue(reinterpret_cast<const char*>(bytes.data()), static_cast<uint32_t>(bytes.size()));
    sequence->AddFragment(fragment);
  }
  gdcm::DataElement element(gdcm::Tag(0x7fe0, 0x0010));
  element.SetValue(*sequence);
  return element;
}

std::vector<uint16_t> widen(const char* bytes, size_t count, int bits_allocated) {
  std::vector<uint16_t> values(count);
  if (bits_allocated == 16) {
    std::memcpy(values.data(), bytes, count * 2);
  } else {
    std::transform(bytes, bytes + count, values.begin(), [](char c) { return static_cast<unsigned char>(c); });
  }
  return values;
}

}  // namespace

std::optional<std::vector<uint16_t>> decode_jpeg2000(const std::vector<Bytes>& fragments, const PixelFormat& format) {
  const unsigned int size[2] = {static_cast<unsigned int>(format.columns), static_cast<unsigned int>(format.rows)};
  gdcm::JPEG2000Codec codec;
  codec.SetNumberOfDimensions(2);
  codec.SetDimensions(size);
  codec.SetPixelFormat(gdcm_format(format));
  codec.SetPhotometricInterpretation(gdcm::PhotometricInterpretation::MONOCHROME2);
  codec.SetPlanarConfiguration(0);
  codec.SetNeedOverlayCleanup(false);
  gdcm::DataElement decoded;
  if (!codec.Decode(encapsulate(fragments), decoded)) return std::nullopt;
  const gdcm::ByteValue* bytes = decoded.GetByteValue();
  const size_t count = static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
  if (!bytes || bytes->GetLength() < count * static_cast<size_t>(format.bits_allocated) / 8) return std::nullopt;
  return widen(bytes->GetPointer(), count, format.bits_allocated);
}

}  // namespace lumbargrade::dicom
