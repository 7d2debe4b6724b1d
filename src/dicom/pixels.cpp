#include "dicom/pixels.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"
#include "dicom/library.h"

namespace lumbargrade::dicom {
namespace {

[[noreturn]] void refuse(const Instance& instance, const std::string& why) {
  throw Error(ErrorKind::Failure, text(why, " in ", instance.file.string()));
}

size_t pixels_per_frame(const PixelFormat& format) {
  return static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
}

void check_format(const Instance& instance) {
  const PixelFormat& format = instance.format;
  if (format.samples_per_pixel != 1) refuse(instance, "colour pixels");
  if (format.bits_allocated != 8 && format.bits_allocated != 16) {
    refuse(instance, text(format.bits_allocated, " bits allocated"));
  }
  if (format.bits_stored < 1 || format.bits_stored > format.bits_allocated ||
      format.high_bit >= format.bits_allocated || format.high_bit < format.bits_stored - 1) {
    refuse(instance, text("BitsStored ", format.bits_stored, " and HighBit ", format.high_bit, " do not fit ",
                          format.bits_allocated, " bits allocated"));
  }
  if (format.rows < 1 || format.columns < 1) refuse(instance, "no rows or columns");
}

/// Masks to BitsStored and extends the sign.
class StoredValue {
 public:
  explicit StoredValue(const PixelFormat& format)
      : shift_(format.high_bit + 1 - format.bits_stored),
        mask_((1U << format.bits_stored) - 1U),
        sign_(format.is_signed ? 1U << (format.bits_stored - 1) : 0U) {}

  int operator()(uint32_t raw) const {
    const uint32_t value = (raw >> shift_) & mask_;
    return static_cast<int>(value ^ sign_) - static_cast<int>(sign_);
  }

 private:
  int shift_;
  uint32_t mask_;
  uint32_t sign_;
};

template <typename Raw>
void convert_frame(const Instance& instance, std::span<const Raw> raw, const FrameTarget& target) {
  const Frame& frame = instance.frames[static_cast<size_t>(target.frame)];
  const StoredValue stored(instance.format);
  const bool inverted = instance.format.photometric == "MONOCHROME1";
  const auto slope = static_cast<float>(frame.rescale_slope);
  const auto intercept = static_cast<float>(frame.rescale_intercept);
  const int largest = instance.format.is_signed ? -1 : (1 << instance.format.bits_stored) - 1;
  std::transform(raw.begin(), raw.end(), target.voxels, [&](Raw value) {
    const int number = inverted ? largest - stored(value) : stored(value);
    return slope * static_cast<float>(number) + intercept;
  });
}

template <typename Raw>
void convert_frames(const Instance& instance, std::span<const Raw> raw, std::span<const FrameTarget> targets) {
  const size_t count = pixels_per_frame(instance.format);
  if (raw.size() / count < instance.frames.size()) refuse(instance, "pixel data shorter than rows x columns x frames");
  for (const FrameTarget& target : targets) {
    convert_frame(instance, raw.subspan(static_cast<size_t>(target.frame) * count, count), target);
  }
}

void decompress(const Instance& instance) {
  DcmDataset& dataset = *instance.dataset;
  const DcmXfer syntax(dataset.getOriginalXfer());
  if (!syntax.isEncapsulated()) return;
  if (dataset.chooseRepresentation(EXS_LittleEndianExplicit, nullptr).bad()) {
    refuse(instance, text("unsupported transfer syntax ", syntax.getXferName(), " (", syntax.getXferID(), ")"));
  }
}

}  // namespace

void decode_frames(const Instance& instance, std::span<const FrameTarget> targets) {
  set_up_library();
  check_format(instance);
  decompress(instance);
  DcmElement* element = nullptr;
  if (instance.dataset->findAndGetElement(DCM_PixelData, element).bad()) refuse(instance, "no pixel data");
  if (instance.format.bits_allocated == 8) {
    Uint8* raw = nullptr;
    if (element->getUint8Array(raw).bad() || !raw) refuse(instance, "unreadable pixel data");
    convert_frames<Uint8>(instance, {raw, element->getLength()}, targets);
  } else {
    Uint16* raw = nullptr;
    if (element->getUint16Array(raw).bad() || !raw) refuse(instance, "unreadable pixel data");
    convert_frames<Uint16>(instance, {raw, element->getLength() / 2}, targets);
  }
}

}  // namespace lumbargrade::dicom
