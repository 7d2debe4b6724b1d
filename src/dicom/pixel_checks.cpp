#include "dicom/pixel_checks.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>

#include "core/error.h"
#include "dicom/codestream.h"
#include "dicom/notes.h"
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
  const ExpectedImage expected = {instance.format.rows, instance.format.columns, instance.format.samples_per_pixel,
                                  instance.format.bits_allocated};
  for (const auto& frame : frames) {
    const std::string problem = codestream_problem(coding, frame, expected);
    if (!problem.empty()) return problem;
  }
  return {};
}

/// How values go from pixel to pixel: an image is smooth, whatever its scale; wrapped values and junk are not.
class Variation {
 public:
  void add(int value) {
    if (count_ > 0) steps_ += std::abs(static_cast<double>(value) - previous_);
    sum_ += value;
    squares_ += static_cast<double>(value) * value;
    previous_ = value;
    ++count_;
  }

  /// Sum of the steps between neighbours.
  double steps() const { return steps_; }

  /// The same against how far the values spread; without a spread there is nothing to compare.
  double roughness() const {
    const double mean = sum_ / count_, variance = squares_ / count_ - mean * mean;
    return variance > 0 ? steps_ / std::sqrt(variance) : 0;
  }

 private:
  double steps_ = 0, sum_ = 0, squares_ = 0, previous_ = 0;
  double count_ = 0;
};

/// The 16-bit words of native pixels, which should end at BitsStored.
class StoredWords {
 public:
  StoredWords(const Structure& structure, const PixelFormat& format, size_t count)
      : bytes_(structure.native_pixels),
        count_(count),
        high_(structure.encoding.big_endian ? 0 : 1),
        bits_(format.bits_stored),
        is_signed_(format.is_signed) {}

  /// Of signed values, those that are neither extended nor cut at BitsStored.
  bool any_above() const {
    for (size_t i = 0; i < count_; ++i) {
      const bool is_extended = is_signed_ && whole(i) == masked(i);
      if (word(i) >> bits_ != 0 && !is_extended) return true;
    }
    return false;
  }

  /// Whether the words as they are make a better image than their lower bits.
  bool are_an_image() const {
    Variation as_they_are, cut;
    for (size_t i = 0; i < count_; ++i) {
      as_they_are.add(whole(i));
      cut.add(masked(i));
    }
    if (is_signed_) return as_they_are.steps() < cut.steps();  // cut negative values spread over all of the range
    const bool is_smoother = as_they_are.steps() < cut.steps() || as_they_are.roughness() < cut.roughness();
    return is_smoother && !have_holes();
  }

 private:
  unsigned word(size_t i) const {
    return static_cast<unsigned>(bytes_[2 * i + high_]) << 8 | static_cast<unsigned>(bytes_[2 * i + 1 - high_]);
  }

  int whole(size_t i) const { return is_signed_ ? static_cast<int16_t>(word(i)) : static_cast<int>(word(i)); }

  int masked(size_t i) const {
    const unsigned sign = is_signed_ ? 1U << (bits_ - 1) : 0U;
    return static_cast<int>((word(i) & ((1U << bits_) - 1U)) ^ sign) - static_cast<int>(sign);
  }

  /// The bits above are a mark of their own, such as a drawing: no image leaps over the values between.
  bool have_holes() const {
    std::set<unsigned> above;
    for (size_t i = 0; i < count_; ++i) above.insert(word(i) >> bits_);
    const auto leaps = [](unsigned lower, unsigned upper) { return upper > 2 * lower + 2; };
    return (above.size() == 1 && *above.begin() > 0) ||
           std::adjacent_find(above.begin(), above.end(), leaps) != above.end();
  }

  Bytes bytes_;
  size_t count_;
  size_t high_;
  int bits_;
  bool is_signed_;
};

void read_padding(DcmDataset& dataset, PixelFormat& format) {
  constexpr int kNone = std::numeric_limits<int>::min();
  const auto stored = [&](const DcmTagKey& tag) {
    const int value = integer_value(dataset, tag, kNone);
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
  const int64_t frames = integer_value(dataset, DCM_NumberOfFrames, 1);
  if (format.rows < 1 || format.columns < 1) refuse_pixels(instance, "has pixels but no valid Rows and Columns");
  if (format.rows > kLongestSide || format.columns > kLongestSide) {
    refuse_pixels(instance, text("claims ", format.columns, " x ", format.rows, " pixels"));
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
  const std::string problem = format_problem(instance.format);
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

/// Stored values that use bits above BitsStored, where no overlay is kept in them: the header tells too few.
void keep_all_bits(DcmDataset& dataset, const Structure& structure, Instance& instance) {
  PixelFormat& format = instance.format;
  const bool is_plain = format.bits_allocated == 16 && format.samples_per_pixel == 1 &&
                        format.high_bit + 1 == format.bits_stored && format.bits_stored >= 1 && format.bits_stored < 16;
  if (!is_plain || structure.native_pixels.empty() || dataset.tagExists(DcmTagKey(0x6000, 0x0102))) return;
  const StoredWords words(
      structure, format,
      instance.frames.size() * static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns));
  if (!words.any_above()) return;
  if (!words.are_an_image()) {
    add_note(instance.notes,
             text("values above BitsStored ", format.bits_stored, ", which look like no image, left out"));
    return;
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
