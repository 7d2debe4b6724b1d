#include "dicom/instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>

#include "core/error.h"
#include "dicom/codestream.h"
#include "dicom/library.h"
#include "dicom/transfer_syntax.h"

namespace lumbargrade::dicom {
namespace {

constexpr int64_t kMostFrames = 100'000;
constexpr int64_t kMostPixelBytes = int64_t{1} << 30;
constexpr std::streamoff kLargestFile = std::streamoff{2} << 30;
constexpr std::streamoff kSignatureLength = 132;  // preamble and "DICM"
constexpr const char* kJpegBaseline = "1.2.840.10008.1.2.4.50";
constexpr const char* kJpegExtended = "1.2.840.10008.1.2.4.51";
constexpr int64_t kAlwaysDecoded = int64_t{1} << 25;  // bytes of one file; beyond, only what images compress to
constexpr int64_t kLargestExpansion = 1000;
constexpr int64_t kMostLookups = 5'000'000;  // top-level elements x frames: DCMTK searches its lists from the front
constexpr double kSmallestPixel_mm = 0.02, kLargestPixel_mm = 100;
constexpr double kLargestField_mm = 2000;
constexpr double kFarthest_mm = 1e4;    // from the scanner's isocentre
constexpr double kLargestValue = 1e12;  // after rescaling
constexpr double kSmallestSlope = 1e-9;
constexpr double kOrthonormal = 1e-2;  // headers round their direction cosines

const DcmTagKey kPhilipsCreator(0x2005, 0x0010);
const DcmTagKey kPhilipsScaleIntercept(0x2005, 0x100D);
const DcmTagKey kPhilipsScaleSlope(0x2005, 0x100E);
const DcmTagKey kPhilipsFrameSequence(0x2005, 0x140F);

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::Failure, text(file.string(), " ", why));
}

// ---- single values -------------------------------------------------------------------------------------------------

std::string string_value(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return {};
  std::string trimmed = value.c_str();
  trimmed.resize(trimmed.find_last_not_of(' ') + 1);
  return trimmed;
}

DcmElement* element_of(DcmItem& item, const DcmTagKey& tag) {
  DcmElement* element = nullptr;
  return item.findAndGetElement(tag, element).good() ? element : nullptr;
}

/// The text of a value whose representation is not the standard's: some other text, or unknown (UN), as archives write
/// what they do not know.
std::string text_of_odd_value(DcmElement& element) {
  Uint8* bytes = nullptr;
  if (element.getVR() == EVR_UN && element.getUint8Array(bytes).good() && bytes) {
    return {reinterpret_cast<const char*>(bytes), element.getLength()};
  }
  OFString value;
  return element.isaString() && element.getOFStringArray(value).good() ? std::string(value.c_str()) : std::string();
}

/// "1,105" as some consoles write 1.105: one comma between digits, and nothing else that could be a decimal point.
std::string with_decimal_point(std::string value) {
  const size_t comma = value.find(',');
  const bool is_decimal = comma != std::string::npos && comma > 0 && comma + 1 < value.size() &&
                          value.find(',', comma + 1) == std::string::npos && value.find('.') == std::string::npos &&
                          std::isdigit(static_cast<unsigned char>(value[comma - 1])) &&
                          std::isdigit(static_cast<unsigned char>(value[comma + 1]));
  if (is_decimal) value[comma] = '.';
  return value;
}

/// The number at `position` of "1.5\2\3"; nothing when it is none.
std::optional<double> number_in(const std::string& values, unsigned long position) {
  size_t start = 0;
  for (; position > 0 && start != std::string::npos; --position) {
    start = values.find('\\', start);
    if (start != std::string::npos) ++start;
  }
  if (start == std::string::npos) return std::nullopt;
  const std::string blank(" \t\r\n\0", 5);
  std::string value = values.substr(start, values.find('\\', start) - start);
  value.resize(value.find_last_not_of(blank) + 1);
  const size_t first = value.find_first_not_of(" +");
  if (first == std::string::npos) return std::nullopt;
  value = with_decimal_point(value.substr(first));
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = end == value.data() + value.size();  // never cut at the first odd character
  return error == std::errc() && is_whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<double> number_value(DcmItem& item, const DcmTagKey& tag, unsigned long position = 0) {
  DcmElement* element = element_of(item, tag);
  if (!element) return std::nullopt;
  if (element->isaString()) return number_in(text_of_odd_value(*element), position);
  Float64 value = 0;
  if (element->getFloat64(value, position).good() && std::isfinite(value)) return value;
  Float32 single = 0;
  if (element->getFloat32(single, position).good() && std::isfinite(single)) return single;
  return number_in(text_of_odd_value(*element), position);
}

int integer_value(DcmItem& item, const DcmTagKey& tag, int otherwise) {
  DcmElement* element = element_of(item, tag);
  if (!element) return otherwise;
  if (element->isaString()) {
    const auto number = number_in(text_of_odd_value(*element), 0);
    const bool fits = number && std::abs(*number) <= std::numeric_limits<int>::max();
    return fits ? static_cast<int>(*number) : otherwise;
  }
  Uint16 short_value = 0;
  if (element->getUint16(short_value).good()) return short_value;
  Sint32 value = 0;
  if (element->getSint32(value).good()) return value;
  Uint32 unsigned_value = 0;
  Sint16 signed_short_value = 0;
  std::optional<double> odd;
  if (element->getUint32(unsigned_value).good()) {
    odd = unsigned_value;
  } else if (element->getSint16(signed_short_value).good()) {
    odd = signed_short_value;
  } else {
    odd = number_in(text_of_odd_value(*element), 0);
  }
  return odd && std::abs(*odd) <= std::numeric_limits<int>::max() ? static_cast<int>(*odd) : otherwise;
}

std::optional<Vector3> vector_value(DcmItem& item, const DcmTagKey& tag, unsigned long first = 0) {
  Vector3 value;
  for (unsigned long i = 0; i < 3; ++i) {
    const auto part = number_value(item, tag, first + i);
    if (!part) return std::nullopt;
    value[static_cast<Eigen::Index>(i)] = *part;
  }
  return value;
}

// ---- functional groups
// -----------------------------------------------------------------------------------------------

DcmItem* first_item(DcmItem* parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  return parent && parent->findAndGetSequenceItem(sequence, item, 0).good() ? item : nullptr;
}

/// Where one frame's attributes stand: its per-frame functional groups, then the shared ones, then the data set.
struct FrameGroups {
  DcmDataset* dataset = nullptr;
  DcmItem* per_frame = nullptr;
  DcmItem* shared = nullptr;

  /// The item of the macro `sequence` that holds `attribute`; the data set itself for classic images.
  DcmItem& group(const DcmTagKey& sequence, const DcmTagKey& attribute) const {
    for (DcmItem* functional_groups : {per_frame, shared}) {
      DcmItem* item = first_item(functional_groups, sequence);
      if (item && item->tagExists(attribute)) return *item;
    }
    return *dataset;
  }
};

/// The functional groups of all frames; DCMTK's own access by number would walk the list anew for each frame.
std::vector<FrameGroups> frame_groups(DcmDataset& dataset, size_t frames) {
  DcmItem* shared = first_item(&dataset, DCM_SharedFunctionalGroupsSequence);
  std::vector<FrameGroups> groups(frames, FrameGroups{&dataset, nullptr, shared});
  DcmSequenceOfItems* per_frame = nullptr;
  if (dataset.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, per_frame).bad() || !per_frame) return groups;
  DcmObject* item = nullptr;
  for (size_t i = 0; i < frames; ++i) {
    item = per_frame->nextInContainer(item);
    if (!item) break;
    groups[i].per_frame = dynamic_cast<DcmItem*>(item);
  }
  return groups;
}

// ---- one frame
// -------------------------------------------------------------------------------------------------------

bool is_plausible_spacing(double spacing_mm) {
  return spacing_mm >= kSmallestPixel_mm && spacing_mm <= kLargestPixel_mm;
}

void read_plane(const FrameGroups& groups, Frame& frame) {
  const auto position =
      vector_value(groups.group(DCM_PlanePositionSequence, DCM_ImagePositionPatient), DCM_ImagePositionPatient);
  DcmItem& orientation = groups.group(DCM_PlaneOrientationSequence, DCM_ImageOrientationPatient);
  const auto row = vector_value(orientation, DCM_ImageOrientationPatient, 0);
  const auto column = vector_value(orientation, DCM_ImageOrientationPatient, 3);
  DcmItem& measures = groups.group(DCM_PixelMeasuresSequence, DCM_PixelSpacing);
  const double row_spacing = number_value(measures, DCM_PixelSpacing, 0).value_or(0);
  const double column_spacing = number_value(measures, DCM_PixelSpacing, 1).value_or(0);
  if (!position) {
    frame.plane_problem = "no ImagePositionPatient";
  } else if (!row || !column || !is_orthonormal(*row, *column, kOrthonormal)) {
    frame.plane_problem = "no valid ImageOrientationPatient";
  } else if (row_spacing <= 0 || column_spacing <= 0) {
    frame.plane_problem = "no valid PixelSpacing";
  } else if (!is_plausible_spacing(row_spacing) || !is_plausible_spacing(column_spacing)) {
    frame.plane_problem = text("implausible PixelSpacing of ", row_spacing, " x ", column_spacing, " mm");
  } else if (position->cwiseAbs().maxCoeff() > kFarthest_mm) {
    frame.plane_problem = text("implausible ImagePositionPatient, ", position->norm(), " mm from the scanner's middle");
  } else {
    frame.plane = ImagePlane{*position, row->normalized(), column->normalized(), row_spacing, column_spacing};
  }
}

/// Philips keeps the factor to the scanner's own units apart: value = displayed value / (RescaleSlope * ScaleSlope)
/// (Chenevert et al., Transl Oncol 2014). Rescaling alone leaves bands where the slope changes from slice to slice.
void apply_philips_scaling(const FrameGroups& groups, Frame& frame) {
  DcmItem* holder = first_item(groups.per_frame, kPhilipsFrameSequence);
  if (!holder) holder = first_item(groups.shared, kPhilipsFrameSequence);
  if (!holder) holder = groups.dataset;
  if (string_value(*holder, kPhilipsCreator).rfind("Philips MR Imaging", 0) != 0) return;
  const auto scale_slope = number_value(*holder, kPhilipsScaleSlope);
  if (!scale_slope || *scale_slope <= 0 || frame.slope <= 0) return;
  const double divisor = frame.slope * *scale_slope;
  frame.slope /= divisor;
  frame.intercept /= divisor;
}

void add_note(std::vector<std::string>& notes, const std::string& note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

void read_scaling(const FrameGroups& groups, Frame& frame, std::vector<std::string>& notes) {
  const auto transformed = [&](const DcmTagKey& tag) {
    return number_value(groups.group(DCM_PixelValueTransformationSequence, tag), tag);
  };
  frame.slope = transformed(DCM_RescaleSlope).value_or(1);
  frame.intercept = transformed(DCM_RescaleIntercept).value_or(0);
  if (frame.slope == 0) {
    frame.slope = 1;
    add_note(notes, "RescaleSlope 0, which would blank the image, taken as 1");
  }
  apply_philips_scaling(groups, frame);
  const double largest = std::abs(frame.slope) * 65535 + std::abs(frame.intercept);
  if (!(largest <= kLargestValue) || std::abs(frame.slope) < kSmallestSlope) {
    frame.plane.reset();
    frame.plane_problem = text("implausible RescaleSlope ", frame.slope, " and RescaleIntercept ", frame.intercept);
  }
}

/// A private element's number, where the group's first block is the vendor's.
std::optional<double> private_number(DcmItem& item, uint16_t group, const char* creator, uint16_t element) {
  if (string_value(item, DcmTagKey(group, 0x0010)) != creator) return std::nullopt;
  return number_value(item, DcmTagKey(group, static_cast<uint16_t>(0x1000 | element)));
}

/// Where the standard's attribute is missing, the vendor's own. GE adds 10^9 to mark it valid.
std::optional<double> b_value(const FrameGroups& groups) {
  if (const auto b = number_value(groups.group(DCM_MRDiffusionSequence, DCM_DiffusionBValue), DCM_DiffusionBValue))
    return b;
  DcmDataset& dataset = *groups.dataset;
  if (const auto siemens = private_number(dataset, 0x0019, "SIEMENS MR HEADER", 0x0C)) return siemens;
  if (const auto philips = private_number(dataset, 0x2001, "Philips Imaging DD 001", 0x03)) return philips;
  const auto ge = private_number(dataset, 0x0043, "GEMS_PARM_01", 0x39);
  return ge ? std::optional(std::fmod(*ge, 1e9)) : std::nullopt;
}

void read_contrast(const FrameGroups& groups, Contrast& contrast) {
  contrast.echo_time_ms = number_value(groups.group(DCM_MREchoSequence, DCM_EffectiveEchoTime), DCM_EffectiveEchoTime);
  if (!contrast.echo_time_ms) contrast.echo_time_ms = number_value(*groups.dataset, DCM_EchoTime);
  contrast.b_value = b_value(groups);
  contrast.image_type = string_value(groups.group(DCM_MRImageFrameTypeSequence, DCM_FrameType), DCM_FrameType);
  if (contrast.image_type.empty()) contrast.image_type = string_value(*groups.dataset, DCM_ImageType);
  contrast.temporal_position =
      integer_value(groups.group(DCM_FrameContentSequence, DCM_TemporalPositionIndex), DCM_TemporalPositionIndex, 0);
  if (!contrast.temporal_position) {
    contrast.temporal_position = integer_value(*groups.dataset, DCM_TemporalPositionIdentifier, 0);
  }
}

Frame read_frame(const FrameGroups& groups, int index, std::vector<std::string>& notes) {
  Frame frame;
  frame.index = index;
  read_plane(groups, frame);
  read_scaling(groups, frame, notes);
  read_contrast(groups, frame.contrast);
  return frame;
}

// ---- the whole instance
// ----------------------------------------------------------------------------------------------

PixelFormat read_format(DcmDataset& dataset) {
  PixelFormat format;
  format.rows = integer_value(dataset, DCM_Rows, 0);
  format.columns = integer_value(dataset, DCM_Columns, 0);
  format.samples_per_pixel = integer_value(dataset, DCM_SamplesPerPixel, 1);
  format.bits_allocated = integer_value(dataset, DCM_BitsAllocated, 16);
  format.bits_stored = integer_value(dataset, DCM_BitsStored, format.bits_allocated);
  format.high_bit = integer_value(dataset, DCM_HighBit, format.bits_stored - 1);
  format.is_signed = integer_value(dataset, DCM_PixelRepresentation, 0) == 1;
  format.photometric = string_value(dataset, DCM_PhotometricInterpretation);
  return format;
}

void read_identity(DcmDataset& dataset, Instance& instance) {
  instance.patient_id = string_value(dataset, DCM_PatientID);
  instance.study_instance_uid = string_value(dataset, DCM_StudyInstanceUID);
  instance.series_instance_uid = string_value(dataset, DCM_SeriesInstanceUID);
  instance.sop_instance_uid = string_value(dataset, DCM_SOPInstanceUID);
  instance.sop_class_uid = string_value(dataset, DCM_SOPClassUID);
  instance.frame_of_reference_uid = string_value(dataset, DCM_FrameOfReferenceUID);
  instance.modality = string_value(dataset, DCM_Modality);
  instance.series_number = integer_value(dataset, DCM_SeriesNumber, 0);
  instance.instance_number = integer_value(dataset, DCM_InstanceNumber, 0);
}

/// Empty when none was given, as far as the file tells.
std::string contrast_agent(const FrameGroups& groups) {
  const std::string agent = string_value(*groups.dataset, DCM_ContrastBolusAgent);
  if (!agent.empty()) return agent;
  DcmItem* coded = first_item(groups.dataset, DCM_ContrastBolusAgentSequence);
  if (!coded) return {};
  if (string_value(groups.group(DCM_ContrastBolusUsageSequence, DCM_ContrastBolusAgentAdministered),
                   DCM_ContrastBolusAgentAdministered) == "NO")
    return {};
  const std::string name = string_value(*coded, DCM_CodeMeaning);
  return name.empty() ? "unnamed" : name;
}

void read_acquisition(const FrameGroups& groups, Instance& instance) {
  DcmDataset& dataset = *groups.dataset;
  instance.series_description = string_value(dataset, DCM_SeriesDescription);
  instance.protocol_name = string_value(dataset, DCM_ProtocolName);
  instance.body_part = string_value(dataset, DCM_BodyPartExamined);
  instance.manufacturer = string_value(dataset, DCM_Manufacturer);
  instance.patient_position = string_value(dataset, DCM_PatientPosition);
  instance.scanning_sequence = string_value(dataset, DCM_ScanningSequence);
  if (instance.scanning_sequence.empty()) {
    instance.scanning_sequence = string_value(dataset, DCM_EchoPulseSequence);
  }
  instance.sequence_name = string_value(dataset, DCM_SequenceName);
  instance.contrast_agent = contrast_agent(groups);
  instance.repetition_time_ms =
      number_value(groups.group(DCM_MRTimingAndRelatedParametersSequence, DCM_RepetitionTime), DCM_RepetitionTime);
  instance.inversion_time_ms =
      number_value(groups.group(DCM_MRModifierSequence, DCM_InversionTimes), DCM_InversionTimes);
  if (!instance.inversion_time_ms) instance.inversion_time_ms = number_value(dataset, DCM_InversionTime);
  instance.slice_thickness_mm =
      number_value(groups.group(DCM_PixelMeasuresSequence, DCM_SliceThickness), DCM_SliceThickness);
}

/// No image compresses a thousandfold; a claim that it did is a claim on memory.
void check_expansion(const std::filesystem::path& file, int64_t bytes, const Structure& structure) {
  int64_t compressed = 0;
  for (const Bytes fragment : structure.fragments) compressed += static_cast<int64_t>(fragment.size());
  if (bytes <= kAlwaysDecoded || bytes <= compressed * kLargestExpansion) return;
  refuse(file, text("claims ", bytes >> 20, " MiB of pixels from ", compressed, " bytes"));
}

/// The number of frames, once the bytes present are known to hold them.
size_t checked_frames(DcmDataset& dataset, const Instance& instance, const Structure& structure) {
  const PixelFormat& format = instance.format;
  const int64_t frames = integer_value(dataset, DCM_NumberOfFrames, 1);
  if (format.rows < 1 || format.columns < 1) refuse(instance.file, "has pixels but no valid Rows and Columns");
  if (frames < 1 || frames > kMostFrames) refuse(instance.file, text("claims ", frames, " frames"));
  if (format.samples_per_pixel < 1 || format.samples_per_pixel > 4) {
    refuse(instance.file, text("claims ", format.samples_per_pixel, " samples per pixel"));
  }
  const int64_t bits =
      int64_t{format.rows} * format.columns * format.samples_per_pixel * format.bits_allocated * frames;
  const int64_t bytes = bits / 8;
  if (bytes > kMostPixelBytes) {
    refuse(instance.file, text("claims ", bytes >> 20, " MiB of pixels; the limit is ", kMostPixelBytes >> 20));
  }
  if (structure.fragments.empty() && bytes > static_cast<int64_t>(structure.native_pixels.size())) {
    refuse(instance.file, text("claims ", bytes, " bytes of pixels but holds ", structure.native_pixels.size()));
  }
  if (!structure.fragments.empty() && frames > static_cast<int64_t>(structure.fragments.size())) {
    refuse(instance.file, text("claims ", frames, " frames but holds ", structure.fragments.size(), " fragments"));
  }
  if (!structure.fragments.empty()) check_expansion(instance.file, bytes, structure);
  const int64_t lookups = frames * static_cast<int64_t>(dataset.card());
  if (lookups > kMostLookups) refuse(instance.file, text("has ", dataset.card(), " elements for ", frames, " frames"));
  return static_cast<size_t>(frames);
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

std::string compression_problem(const Instance& instance, const Structure& structure, PixelCoding coding) {
  const auto frames = assign_fragments(structure.fragments, instance.frames.size());
  if (frames.empty()) return "fragments that do not make up the frames";
  const ExpectedImage expected = {instance.format.rows, instance.format.columns, instance.format.samples_per_pixel,
                                  instance.format.bits_allocated};
  for (const auto& frame : frames) {
    const std::string problem = codestream_problem(coding, frame, expected);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::string pixel_problem(const Instance& instance, const Structure& structure) {
  const PixelCoding coding = pixel_coding(instance.transfer_syntax_uid);
  if (coding == PixelCoding::Unsupported) {
    return "unsupported transfer syntax " + describe_transfer_syntax(instance.transfer_syntax_uid);
  }
  const std::string problem = format_problem(instance.format);
  if (!problem.empty() || structure.fragments.empty()) return problem;
  return compression_problem(instance, structure, coding);
}

E_TransferSyntax header_encoding(ElementEncoding encoding) {
  if (!encoding.explicit_vr) return EXS_LittleEndianImplicit;
  return encoding.big_endian ? EXS_BigEndianExplicit : EXS_LittleEndianExplicit;
}

std::unique_ptr<DcmDataset> parse_header(const Structure& structure, const std::filesystem::path& file) {
  auto dataset = std::make_unique<DcmDataset>();
  if (structure.header.empty()) return dataset;
  DcmInputBufferStream stream;
  stream.setBuffer(structure.header.data(), static_cast<offile_off_t>(structure.header.size()));
  stream.setEos();
  dataset->transferInit();
  const OFCondition condition = dataset->read(stream, header_encoding(structure.encoding));
  dataset->transferEnd();
  if (condition.bad()) refuse(file, text("cannot be parsed: ", condition.text()));
  dataset->convertToUTF8();  // best effort: a description in an unknown character set stays as it is
  return dataset;
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

void check_field(const PixelFormat& format, Frame& frame) {
  if (!frame.plane) return;
  const double width_mm = format.columns * frame.plane->column_spacing_mm;
  const double height_mm = format.rows * frame.plane->row_spacing_mm;
  if (width_mm <= kLargestField_mm && height_mm <= kLargestField_mm) return;
  frame.plane.reset();
  frame.plane_problem = text("implausible field of view of ", width_mm, " x ", height_mm, " mm (PixelSpacing)");
}

/// The 16-bit words of native pixels.
class StoredBits {
 public:
  StoredBits(const Structure& structure, size_t count)
      : bytes_(structure.native_pixels), count_(count), high_(structure.encoding.big_endian ? 0 : 1) {}

  bool any_above(int bits) const {
    unsigned all = 0;
    for (size_t i = 0; i < count_; ++i) all |= word(i);
    return (all >> bits) != 0;
  }

  /// Sum of the steps between neighbouring values: an image is smooth, wrapped values and junk are not.
  uint64_t total_variation(unsigned mask) const {
    uint64_t sum = 0;
    for (size_t i = 1; i < count_; ++i) {
      sum += static_cast<uint64_t>(std::abs(static_cast<int>(word(i) & mask) - static_cast<int>(word(i - 1) & mask)));
    }
    return sum;
  }

 private:
  unsigned word(size_t i) const {
    return static_cast<unsigned>(bytes_[2 * i + high_]) << 8 | static_cast<unsigned>(bytes_[2 * i + 1 - high_]);
  }

  Bytes bytes_;
  size_t count_;
  size_t high_;
};

/// Stored values that use bits above BitsStored, where no overlay is kept in them: the header tells too few.
void keep_all_bits(DcmDataset& dataset, const Structure& structure, Instance& instance) {
  PixelFormat& format = instance.format;
  const bool is_plain = format.bits_allocated == 16 && format.samples_per_pixel == 1 && !format.is_signed &&
                        format.high_bit + 1 == format.bits_stored && format.bits_stored < 16;
  if (!is_plain || structure.native_pixels.empty() || dataset.tagExists(DcmTagKey(0x6000, 0x0102))) return;
  const StoredBits bits(
      structure, instance.frames.size() * static_cast<size_t>(format.rows) * static_cast<size_t>(format.columns));
  if (!bits.any_above(format.bits_stored)) return;
  if (bits.total_variation(0xFFFFU) >= bits.total_variation((1U << format.bits_stored) - 1U)) {
    add_note(instance.notes,
             text("values above BitsStored ", format.bits_stored, ", which look like no image, left out"));
    return;
  }
  add_note(instance.notes, text("values above BitsStored ", format.bits_stored, ", kept as they are"));
  format.bits_stored = 16;
  format.high_bit = 15;
}

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

void read_frames(DcmDataset& dataset, const Structure& structure, Instance& instance) {
  instance.format = read_format(dataset);
  const size_t count = structure.has_pixels ? checked_frames(dataset, instance, structure) : 0;
  const std::vector<FrameGroups> groups = frame_groups(dataset, count);
  instance.frames.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    instance.frames.push_back(read_frame(groups[i], static_cast<int>(i), instance.notes));
    check_field(instance.format, instance.frames.back());
  }
  if (count == 0) return;
  keep_all_bits(dataset, structure, instance);
  read_padding(dataset, instance.format);
  instance.pixel_problem = pixel_problem(instance, structure);
  note_pixels(dataset, structure, instance);
}

/// Takes the bytes, or what they inflate to, together with the structure found in them.
std::shared_ptr<const EncodedPixels> encode_pixels(std::vector<unsigned char> bytes, const std::string& name) {
  auto pixels = std::make_shared<EncodedPixels>();
  pixels->storage = std::move(bytes);
  pixels->structure = find_structure(pixels->storage, name);
  if (!pixels->structure.inflated.empty()) pixels->storage = std::move(pixels->structure.inflated);
  return pixels;
}

}  // namespace

Instance parse_instance(std::vector<unsigned char> bytes, const std::filesystem::path& file) {
  set_up_library();
  Instance instance;
  instance.file = file;
  instance.pixels = encode_pixels(std::move(bytes), file.string());
  const Structure& structure = instance.pixels->structure;
  instance.transfer_syntax_uid = structure.transfer_syntax_uid;
  instance.notes = structure.notes;
  const auto dataset = parse_header(structure, file);
  read_identity(*dataset, instance);
  read_acquisition(frame_groups(*dataset, 1).front(), instance);
  read_frames(*dataset, structure, instance);
  if (instance.frames.empty()) instance.pixels.reset();
  return instance;
}

std::optional<std::vector<unsigned char>> read_dicom_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  if (size < 0) refuse(file, "cannot be opened: check that it exists and may be read");
  std::vector<unsigned char> bytes(static_cast<size_t>(std::min<std::streamoff>(size, kSignatureLength)));
  const auto fill = [&](size_t first) {
    stream.read(reinterpret_cast<char*>(bytes.data() + first), static_cast<std::streamsize>(bytes.size() - first));
    if (!stream) refuse(file, "cannot be read to its end");
  };
  stream.seekg(0);
  fill(0);
  if (!looks_like_dicom(bytes)) return std::nullopt;
  if (size > kLargestFile) refuse(file, text("is larger than ", kLargestFile >> 30, " GiB"));
  const size_t read = bytes.size();
  bytes.resize(static_cast<size_t>(size));
  fill(read);
  return bytes;
}

Instance read_instance(const std::filesystem::path& file) {
  auto bytes = read_dicom_bytes(file);
  if (!bytes) refuse(file, "is not a DICOM file");
  return parse_instance(std::move(*bytes), file);
}

}  // namespace lumbargrade::dicom
