#include "dicom/pixel_checks.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "core/error.h"
#include "dicom/codestream.h"
#include "dicom/stored_words.h"
#include "dicom/transfer_syntax.h"
#include "dicom/values.h"

namespace lumbargrade::dicom {
namespace {

constexpr int64_t kMostFrames = 100'000;
constexpr int64_t kMostPixelBytes = int64_t{1} << 30;  // where nobody counts memory
constexpr const char* kJpegBaseline = "1.2.840.10008.1.2.4.50";
constexpr const char* kJpegExtended = "1.2.840.10008.1.2.4.51";
constexpr int64_t kAlwaysDecoded = int64_t{1} << 25;  // bytes of one file; beyond, only what images compress to
constexpr int64_t kLargestExpansion = 1000;
constexpr double kLargestField_mm = 2000;
constexpr int kLongestSide = 65535;  // Rows and Columns are 16-bit numbers

[[noreturn]] void refuse_pixels(const Instance& instance, const std::string& why) {
  throw Error(ErrorKind::Failure, text(instance.file.string(), " ", why));
}

/// No image compresses a thousandfold; a claim that it did is a claim on memory.
void check_expansion(const Instance& instance, int64_t bytes, const Structure& structure) {
  int64_t compressed = 0;
  for (const Bytes fragment : structure.fragments) compressed += static_cast<int64_t>(fragment.size());
  if (bytes <= kAlwaysDecoded || bytes <= compressed * kLargestExpansion) return;
  refuse_pixels(instance, text("claims ", bytes >> 20, " MiB of pixels from ", compressed, " bytes"));
}

/// As stored, and once more as numbers.
void check_memory(const Instance& instance, int64_t bytes, int64_t pixels, const MemoryBudgetPointer& budget) {
  const int64_t wanted = budget ? bytes + pixels * static_cast<int64_t>(sizeof(float)) : bytes;
  const int64_t limit = budget ? static_cast<int64_t>(budget->whole()) : kMostPixelBytes;
  if (wanted <= limit) return;
  refuse_pixels(instance, text("claims ", wanted >> 20, " MiB of pixels",
                               budget ? ", as stored and as numbers; --memory-limit leaves " : "; the limit is ",
                               limit >> 20, " MiB"));
}

bool is_colour(const std::string& letters) {
  return letters == "PALETTECOLOR" || letters == "RGB" || letters == "ARGB" || letters == "CMYK" || letters == "HSV" ||
         letters.rfind("YBR", 0) == 0;
}

/// One sample a pixel is greyscale under any name but that of a colour model.
void read_photometric(PixelFormat& format, std::vector<std::string>& notes) {
  const std::string letters = letters_and_digits(format.photometric);
  if (format.samples_per_pixel != 1 || is_colour(letters)) return;
  const std::string meant = letters == "MONOCHROME1" ? "MONOCHROME1" : "MONOCHROME2";
  if (format.photometric == meant) return;
  add_note(notes, text("PhotometricInterpretation \"", format.photometric, "\" taken as ", meant));
  format.photometric = meant;
}

std::string format_problem(const PixelFormat& format) {
  if (format.samples_per_pixel != 1 || format.photometric.rfind("MONOCHROME", 0) != 0) {
    return text("pixels are not greyscale (", format.photometric, ", ", format.samples_per_pixel, " samples)");
  }
  if (format.bits_allocated != 8 && format.bits_allocated != 16) {
    return text("unsupported BitsAllocated ", format.bits_allocated);
  }
  if (format.bits_stored < 1 || format.bits_stored > format.bits_allocated ||
      format.high_bit < format.bits_stored - 1 || format.high_bit >= format.bits_allocated) {
    return text("BitsStored ", format.bits_stored, " and HighBit ", format.high_bit, " do not fit BitsAllocated ",
                format.bits_allocated);
  }
  return {};
}

std::string compression_problem(const Instance& instance, const std::vector<std::vector<Bytes>>& frames,
                                PixelCoding coding) {
  if (frames.empty()) return "fragments that do not make up the frames";
  for (const auto& frame : frames) {
    std::string problem = codestream_problem(coding, frame, instance.format);
    if (!problem.empty()) return problem;
  }
  return {};
}

/// A padding value of more bits than are stored is read without them, as the pixels are.
void fit_padding(PixelFormat& format) {
  const int largest = (1 << std::clamp(format.bits_stored, 1, 16)) - 1;
  if (format.is_signed || format.bits_allocated != 16 || format.padding_low != format.padding_high) return;
  if (format.padding_low.value_or(0) <= largest) return;
  format.padding_low = *format.padding_low & largest;
  format.padding_high = format.padding_low;
}

void read_padding(DcmDataset& dataset, PixelFormat& format) {
  constexpr int kNone = std::numeric_limits<int>::min();
  const auto stored = [&](const DcmTagKey& tag) {
    const int value = integer_value(dataset, tag, kNone);
    if (value == kNone) return value;
    if (!format.is_signed && value < 0) return value + 65536;  // written as signed although the pixels are not
    return format.is_signed && value > 32767 ? value - 65536 : value;
  };
  const int value = stored(DCM_PixelPaddingValue);
  if (value == kNone) return;
  const int limit = stored(DCM_PixelPaddingRangeLimit);
  format.padding_low = limit == kNone ? value : std::min(value, limit);
  format.padding_high = limit == kNone ? value : std::max(value, limit);
}

}  // namespace

PixelFormat read_pixel_format(DcmDataset& dataset, std::vector<std::string>& notes) {
  PixelFormat format;
  format.rows = integer_value(dataset, DCM_Rows, 0);
  format.columns = integer_value(dataset, DCM_Columns, 0);
  format.samples_per_pixel = integer_value(dataset, DCM_SamplesPerPixel, 1);
  format.bits_allocated = integer_value(dataset, DCM_BitsAllocated, 16);
  format.bits_stored = integer_value(dataset, DCM_BitsStored, format.bits_allocated);
  format.high_bit = integer_value(dataset, DCM_HighBit, format.bits_stored - 1);
  format.is_signed = integer_value(dataset, DCM_PixelRepresentation, 0) == 1;
  format.photometric = string_value(dataset, DCM_PhotometricInterpretation);
  read_photometric(format, notes);
  read_padding(dataset, format);
  return format;
}

size_t checked_frames(DcmDataset& dataset, const Instance& instance, const Structure& structure,
                      const MemoryBudgetPointer& budget) {
  const PixelFormat& format = instance.format;
  const bool tells_frames = !string_value(dataset, DCM_NumberOfFrames).empty();
  const int64_t frames = integer_value(dataset, DCM_NumberOfFrames, tells_frames ? 0 : 1);
  if (format.rows < 1 || format.columns < 1) refuse_pixels(instance, "has pixels but no valid Rows and Columns");
  if (format.rows > kLongestSide || format.columns > kLongestSide) {
    refuse_pixels(instance, text("claims ", format.columns, " x ", format.rows, " pixels"));
  }
  if (frames == 0) {
    refuse_pixels(instance, text("claims \"", string_value(dataset, DCM_NumberOfFrames), "\" frames (NumberOfFrames)"));
  }
  if (frames < 1 || frames > kMostFrames) refuse_pixels(instance, text("claims ", frames, " frames"));
  if (format.samples_per_pixel < 1 || format.samples_per_pixel > 4) {
    refuse_pixels(instance, text("claims ", format.samples_per_pixel, " samples per pixel"));
  }
  if (format.bits_allocated < 1 || format.bits_allocated > 64) {
    refuse_pixels(instance, text("claims BitsAllocated ", format.bits_allocated));
  }
  const int64_t pixels = int64_t{format.rows} * format.columns * format.samples_per_pixel * frames;
  const int64_t bytes = pixels * format.bits_allocated / 8;
  check_memory(instance, bytes, pixels, budget);
  if (structure.fragments.empty() && bytes > static_cast<int64_t>(structure.native_pixels.size())) {
    refuse_pixels(instance, text("claims ", bytes, " bytes of pixels but holds ", structure.native_pixels.size()));
  }
  if (!structure.fragments.empty() && frames > static_cast<int64_t>(structure.fragments.size())) {
    refuse_pixels(instance, text("claims ", frames, " frames but holds ", structure.fragments.size(), " fragments"));
  }
  if (!structure.fragments.empty()) check_expansion(instance, bytes, structure);
  return static_cast<size_t>(frames);
}

std::string pixel_problem(const Instance& instance, const EncodedPixels& pixels) {
  const PixelCoding coding = pixel_coding(instance.transfer_syntax_uid);
  if (coding == PixelCoding::Unsupported) {
    return "unsupported transfer syntax " + describe_transfer_syntax(instance.transfer_syntax_uid);
  }
  std::string problem = format_problem(instance.format);
  if (!problem.empty() || pixels.structure.fragments.empty()) return problem;
  return compression_problem(instance, pixels.frame_fragments, coding);
}

void check_field(const PixelFormat& format, Frame& frame) {
  if (!frame.plane) return;
  const double width_mm = format.columns * frame.plane->column_spacing_mm;
  const double height_mm = format.rows * frame.plane->row_spacing_mm;
  if (width_mm <= kLargestField_mm && height_mm <= kLargestField_mm) return;
  frame.plane.reset();
  frame.plane_problem = text("implausible field of view of ", width_mm, " x ", height_mm, " mm (PixelSpacing)");
}

void keep_all_bits(DcmDataset& dataset, const Structure& structure, Instance& instance) {
  PixelFormat& format = instance.format;
  const bool is_read = !structure.native_pixels.empty() && !dataset.tagExists(DcmTagKey(0x6000, 0x0102));
  if (!may_exceed_bits_stored(format) || !is_read) return fit_padding(format);
  const unsigned char* bytes = structure.native_pixels.data();
  const size_t high = structure.encoding.big_endian ? 0 : 1;
  const auto read = [=](size_t i) {
    return static_cast<unsigned>(bytes[2 * i + high]) << 8 | static_cast<unsigned>(bytes[2 * i + 1 - high]);
  };
  const StoredWords words(
      format, instance.frames.size() * static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns), read);
  if (!words.any_above()) return fit_padding(format);
  if (!words.are_an_image()) {
    add_note(instance.notes,
             text("values above BitsStored ", format.bits_stored, ", which look like no image, left out"));
    return fit_padding(format);
  }
  add_note(instance.notes, text("values above BitsStored ", format.bits_stored, ", kept as they are"));
  format.bits_stored = 16;
  format.high_bit = 15;
}

void note_pixels(DcmDataset& dataset, const Structure& structure, Instance& instance) {
  const std::string& syntax = instance.transfer_syntax_uid;
  const PixelCoding coding = pixel_coding(syntax);
  if (instance.format.photometric == "MONOCHROME1") {
    add_note(instance.notes, "MONOCHROME1, inverted so that larger is brighter");
  }
  if (syntax == kJpegBaseline || syntax == kJpegExtended || string_value(dataset, DCM_LossyImageCompression) == "01") {
    add_note(instance.notes, "compressed with loss");
  }
  if (structure.fragments.empty() && coding != PixelCoding::Native && coding != PixelCoding::Unsupported) {
    add_note(instance.notes, "pixels are not compressed, though the file claims " + describe_transfer_syntax(syntax));
  }
}

}  // namespace lumbargrade::dicom
