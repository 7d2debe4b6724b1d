#include "dicom/pixels.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstdint>

#include "core/error.h"
#include "dicom/codecs.h"
#include "dicom/library.h"
#include "dicom/stored_words.h"
#include "dicom/transfer_syntax.h"

namespace lumbargrade::dicom {
namespace {

[[noreturn]] void refuse(const Instance& instance, const std::string& why) {
  throw Error(ErrorKind::Failure, text(why, " in ", instance.file.string()));
}

size_t pixels_per_frame(const PixelFormat& format) {
  return static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns);
}

// ---- stored values to the modality's units
// -----------------------------------------------------------------------------

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

/// What stands for no image gets the darkest value of the image, as air has: no statistic may see a marker.
template <typename Stored>
void blank_padding(const PixelFormat& format, float* voxels, size_t count, const Stored& stored) {
  const auto is_padding = [&](size_t i) {
    const int value = stored(i);
    return value >= *format.padding_low && value <= *format.padding_high;
  };
  std::optional<float> darkest;
  for (size_t i = 0; i < count; ++i) {
    if (!is_padding(i)) darkest = std::min(darkest.value_or(voxels[i]), voxels[i]);
  }
  if (!darkest) return;
  for (size_t i = 0; i < count; ++i) {
    if (is_padding(i)) voxels[i] = *darkest;
  }
}

/// `read(i)` gives the frame's i-th raw pixel.
template <typename Read>
void convert_frame(const Instance& instance, const PixelFormat& format, const FrameTarget& target, const Read& read) {
  const Frame& frame = instance.frames[static_cast<size_t>(target.frame)];
  const StoredValue stored(format);
  const auto slope = static_cast<float>(frame.slope);
  const auto intercept = static_cast<float>(frame.intercept);
  // MONOCHROME1 counts down from the largest stored value: 2^n - 1, or -1 - v for signed ones.
  const bool inverted = format.photometric == "MONOCHROME1";
  const int direction = inverted ? -1 : 1;
  const int start = !inverted ? 0 : format.is_signed ? -1 : (1 << format.bits_stored) - 1;
  const size_t count = pixels_per_frame(format);
  const auto in_units = [&](int value) { return slope * static_cast<float>(start + direction * value) + intercept; };
  for (size_t i = 0; i < count; ++i) target.voxels[i] = in_units(stored(read(i)));
  if (format.padding_low) blank_padding(format, target.voxels, count, [&](size_t i) { return stored(read(i)); });
}

// ---- native pixels
// -----------------------------------------------------------------------------------------------------

void convert_native_frame(const Instance& instance, const FrameTarget& target) {
  const Structure& structure = instance.pixels->structure;
  const size_t pixel_bytes = static_cast<size_t>(instance.format.bits_allocated) / 8;
  const size_t frame_bytes = pixels_per_frame(instance.format) * pixel_bytes;
  const size_t first = static_cast<size_t>(target.frame) * frame_bytes;
  const unsigned char* frame = structure.native_pixels.subspan(first, frame_bytes).data();
  const size_t high = structure.encoding.big_endian ? 0 : 1;
  if (pixel_bytes == 2) {
    convert_frame(instance, instance.format, target, [&](size_t i) {
      return static_cast<uint32_t>(frame[2 * i + high]) << 8 | static_cast<uint32_t>(frame[2 * i + 1 - high]);
    });
  } else if (structure.encoding.big_endian && structure.pixels_are_words) {
    const Bytes all = structure.native_pixels;  // bytes are swapped in pairs, counted from the first frame on
    convert_frame(instance, instance.format, target, [&](size_t i) {
      const size_t at = (first + i) ^ 1;
      return static_cast<uint32_t>(at < all.size() ? all[at] : 0);
    });
  } else {
    convert_frame(instance, instance.format, target, [&](size_t i) { return static_cast<uint32_t>(frame[i]); });
  }
}

// ---- compressed pixels
// -------------------------------------------------------------------------------------------------

/// The format with all bits where decoded values go beyond BitsStored and make an image: until they are decoded, nobody
/// can see that.
template <typename Read>
PixelFormat format_of_decoded(const PixelFormat& told, const Read& read) {
  PixelFormat format = told;
  if (!may_exceed_bits_stored(format)) return format;
  const StoredWords words(format, pixels_per_frame(format), read);
  if (!words.any_above() || !words.are_an_image()) return format;
  format.bits_stored = 16;
  format.high_bit = 15;
  return format;
}

template <typename Raw>
void convert_decoded(const Instance& instance, std::span<const Raw> raw, const FrameTarget& target) {
  if (raw.size() < pixels_per_frame(instance.format)) refuse(instance, "compressed pixels that end too early");
  const auto read = [&](size_t i) { return static_cast<uint32_t>(raw[i]); };
  convert_frame(instance, format_of_decoded(instance.format, read), target, read);
}

void convert_frames(const Instance& instance, std::span<const FrameTarget> targets, const char* coding,
                    RawValues (*decode)(const std::vector<Bytes>&, const PixelFormat&)) {
  const auto& frames = instance.pixels->frame_fragments;
  for (const FrameTarget& target : targets) {
    const RawValues values = decode(frames[static_cast<size_t>(target.frame)], instance.format);
    if (!values) refuse(instance, text("damaged ", coding, " image"));
    convert_decoded<uint16_t>(instance, *values, target);
  }
}

std::unique_ptr<DcmPixelData> encapsulated_pixels(const Instance& instance, const std::vector<Bytes>& fragments) {
  auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelSequenceTag));
  auto offset_table = std::make_unique<DcmPixelItem>(DcmTag(DCM_PixelItemTag));  // an empty one
  sequence->insert(offset_table.release());
  for (const Bytes fragment : fragments) {
    auto item = std::make_unique<DcmPixelItem>(DcmTag(DCM_PixelItemTag));
    item->putUint8Array(fragment.data(), static_cast<unsigned long>(fragment.size()));
    sequence->insert(item.release());
  }
  auto pixels = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
  pixels->putOriginalRepresentation(DcmXfer(instance.transfer_syntax_uid.c_str()).getXfer(), nullptr,
                                    sequence.release());
  return pixels;
}

/// One frame with what the decoders need and no more: nothing of the file is parsed a second time.
std::unique_ptr<DcmDataset> image_dataset(const Instance& instance, const std::vector<Bytes>& fragments) {
  const PixelFormat& format = instance.format;
  auto dataset = std::make_unique<DcmDataset>();
  const auto put = [&](const DcmTagKey& tag, int value) {
    dataset->putAndInsertUint16(tag, static_cast<Uint16>(value));
  };
  put(DCM_SamplesPerPixel, format.samples_per_pixel);
  put(DCM_Rows, format.rows);
  put(DCM_Columns, format.columns);
  put(DCM_BitsAllocated, format.bits_allocated);
  put(DCM_BitsStored, format.bits_stored);
  put(DCM_HighBit, format.high_bit);
  put(DCM_PixelRepresentation, format.is_signed);
  dataset->putAndInsertString(DCM_PhotometricInterpretation, format.photometric.c_str());
  dataset->putAndInsertString(DCM_NumberOfFrames, "1");
  dataset->insert(encapsulated_pixels(instance, fragments).release());
  return dataset;
}

/// The decoder may have changed the depth: JPEG streams know their own precision.
void check_decoded_format(const Instance& instance, DcmDataset& decoded) {
  Uint16 bits_allocated = 0;
  const bool known = decoded.findAndGetUint16(DCM_BitsAllocated, bits_allocated).good();
  if (!known || bits_allocated != instance.format.bits_allocated) {
    refuse(instance, text("compressed pixels of another depth than BitsAllocated ", instance.format.bits_allocated));
  }
}

void convert_with_dcmtk(const Instance& instance, const std::vector<Bytes>& fragments, const FrameTarget& target) {
  const auto dataset = image_dataset(instance, fragments);
  const OFCondition condition = dataset->chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
  if (condition.bad()) refuse(instance, text("damaged compressed pixels (", condition.text(), ")"));
  check_decoded_format(instance, *dataset);
  DcmElement* element = nullptr;
  if (dataset->findAndGetElement(DCM_PixelData, element).bad()) refuse(instance, "no pixel data");
  Uint8* bytes = nullptr;
  Uint16* words = nullptr;
  if (instance.format.bits_allocated == 8 && element->getUint8Array(bytes).good() && bytes) {
    convert_decoded<Uint8>(instance, {bytes, element->getLength()}, target);
  } else if (instance.format.bits_allocated == 16 && element->getUint16Array(words).good() && words) {
    convert_decoded<Uint16>(instance, {words, element->getLength() / 2}, target);
  } else {
    refuse(instance, "unreadable pixel data");
  }
}

}  // namespace

void decode_frames(const Instance& instance, std::span<const FrameTarget> targets) {
  set_up_library();
  if (!instance.pixel_problem.empty()) refuse(instance, instance.pixel_problem);
  if (!instance.pixels) refuse(instance, "no pixels kept");
  const PixelCoding coding = pixel_coding(instance.transfer_syntax_uid);
  if (instance.pixels->structure.fragments.empty()) {
    for (const FrameTarget& target : targets) convert_native_frame(instance, target);
  } else if (coding == PixelCoding::Jpeg2000) {
    convert_frames(instance, targets, "JPEG 2000", decode_jpeg2000);
  } else if (coding == PixelCoding::JpegLs) {
    convert_frames(instance, targets, "JPEG-LS", decode_jpeg_ls);
  } else if (coding == PixelCoding::Rle) {
    convert_frames(instance, targets, "RLE", decode_rle);
  } else {
    const auto& frames = instance.pixels->frame_fragments;
    for (const FrameTarget& target : targets) {
      convert_with_dcmtk(instance, frames[static_cast<size_t>(target.frame)], target);
    }
  }
}

}  // namespace lumbargrade::dicom
