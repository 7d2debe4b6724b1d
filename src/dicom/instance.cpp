#include "dicom/instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstring>
#include <fstream>

#include "core/error.h"
#include "dicom/library.h"

namespace lumbargrade::dicom {
namespace {

constexpr size_t kPreambleLength = 128;
constexpr int kMaxFrames = 100000;

// ---- single values -------------------------------------------------------------------------------------------------

std::string string_value(DcmItem& item, const DcmTagKey& tag) {
  OFString value;
  if (item.findAndGetOFStringArray(tag, value).bad()) return {};
  std::string trimmed = value.c_str();
  const size_t end = trimmed.find_last_not_of(" \0");
  trimmed.resize(end == std::string::npos ? 0 : end + 1);
  return trimmed;
}

std::optional<double> number_value(DcmItem& item, const DcmTagKey& tag, unsigned long position = 0) {
  Float64 value = 0;
  if (item.findAndGetFloat64(tag, value, position).bad() || !std::isfinite(value)) return std::nullopt;
  return value;
}

int integer_value(DcmItem& item, const DcmTagKey& tag, int otherwise) {
  Sint32 value = 0;
  if (item.findAndGetSint32(tag, value).good()) return value;
  Uint16 small_value = 0;
  return item.findAndGetUint16(tag, small_value).good() ? small_value : otherwise;
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

/// Finds attributes of one frame: in its per-frame functional groups, then the shared ones, then the data set itself.
class FrameAttributes {
 public:
  FrameAttributes(DcmDataset& dataset, int frame) : dataset_(dataset) {
    DcmItem* item = nullptr;
    if (dataset.findAndGetSequenceItem(DCM_PerFrameFunctionalGroupsSequence, item, frame).good()) per_frame_ = item;
    item = nullptr;
    if (dataset.findAndGetSequenceItem(DCM_SharedFunctionalGroupsSequence, item, 0).good()) shared_ = item;
  }

  /// The item that holds the macro `sequence`; the data set itself for classic images.
  DcmItem& group(const DcmTagKey& sequence) const {
    for (DcmItem* functional_groups : {per_frame_, shared_}) {
      DcmItem* item = nullptr;
      if (functional_groups && functional_groups->findAndGetSequenceItem(sequence, item, 0).good() && item)
        return *item;
    }
    return dataset_;
  }

 private:
  DcmDataset& dataset_;
  DcmItem* per_frame_ = nullptr;
  DcmItem* shared_ = nullptr;
};

std::optional<ImagePlane> read_plane(const FrameAttributes& attributes) {
  const auto position = vector_value(attributes.group(DCM_PlanePositionSequence), DCM_ImagePositionPatient);
  DcmItem& orientation = attributes.group(DCM_PlaneOrientationSequence);
  const auto row = vector_value(orientation, DCM_ImageOrientationPatient, 0);
  const auto column = vector_value(orientation, DCM_ImageOrientationPatient, 3);
  DcmItem& measures = attributes.group(DCM_PixelMeasuresSequence);
  const auto row_spacing = number_value(measures, DCM_PixelSpacing, 0);
  const auto column_spacing = number_value(measures, DCM_PixelSpacing, 1);
  if (!position || !row || !column || !row_spacing || !column_spacing) return std::nullopt;
  if (*row_spacing <= 0 || *column_spacing <= 0 || !is_orthonormal(*row, *column, 1e-2)) return std::nullopt;
  return ImagePlane{*position, *row, *column, *row_spacing, *column_spacing};
}

Frame read_frame(DcmDataset& dataset, int index) {
  const FrameAttributes attributes(dataset, index);
  Frame frame;
  frame.index = index;
  frame.plane = read_plane(attributes);
  DcmItem& rescale = attributes.group(DCM_PixelValueTransformationSequence);
  frame.rescale_slope = number_value(rescale, DCM_RescaleSlope).value_or(1);
  frame.rescale_intercept = number_value(rescale, DCM_RescaleIntercept).value_or(0);
  frame.echo_time_ms = number_value(attributes.group(DCM_MREchoSequence), DCM_EffectiveEchoTime);
  if (!frame.echo_time_ms) frame.echo_time_ms = number_value(dataset, DCM_EchoTime);
  frame.b_value = number_value(attributes.group(DCM_MRDiffusionSequence), DCM_DiffusionBValue);
  frame.image_type = string_value(attributes.group(DCM_MRImageFrameTypeSequence), DCM_FrameType);
  if (frame.image_type.empty()) frame.image_type = string_value(dataset, DCM_ImageType);
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
  instance.study_instance_uid = string_value(dataset, DCM_StudyInstanceUID);
  instance.series_instance_uid = string_value(dataset, DCM_SeriesInstanceUID);
  instance.sop_instance_uid = string_value(dataset, DCM_SOPInstanceUID);
  instance.sop_class_uid = string_value(dataset, DCM_SOPClassUID);
  instance.modality = string_value(dataset, DCM_Modality);
  instance.series_number = integer_value(dataset, DCM_SeriesNumber, 0);
  instance.instance_number = integer_value(dataset, DCM_InstanceNumber, 0);
}

void read_acquisition(DcmDataset& dataset, Instance& instance) {
  const FrameAttributes attributes(dataset, 0);
  instance.series_description = string_value(dataset, DCM_SeriesDescription);
  instance.protocol_name = string_value(dataset, DCM_ProtocolName);
  instance.body_part = string_value(dataset, DCM_BodyPartExamined);
  instance.manufacturer = string_value(dataset, DCM_Manufacturer);
  instance.scanning_sequence = string_value(dataset, DCM_ScanningSequence);
  instance.sequence_name = string_value(dataset, DCM_SequenceName);
  instance.contrast_agent = string_value(dataset, DCM_ContrastBolusAgent);
  instance.repetition_time_ms =
      number_value(attributes.group(DCM_MRTimingAndRelatedParametersSequence), DCM_RepetitionTime);
  instance.inversion_time_ms = number_value(dataset, DCM_InversionTime);
  instance.slice_thickness_mm = number_value(attributes.group(DCM_PixelMeasuresSequence), DCM_SliceThickness);
}

void read_frames(DcmDataset& dataset, Instance& instance) {
  if (!dataset.tagExists(DCM_PixelData)) return;
  const int count = integer_value(dataset, DCM_NumberOfFrames, 1);
  if (count < 1 || count > kMaxFrames) {
    throw Error(ErrorKind::Failure, text(instance.file.string(), " claims ", count, " frames"));
  }
  instance.frames.reserve(static_cast<size_t>(count));
  for (int index = 0; index < count; ++index) instance.frames.push_back(read_frame(dataset, index));
}

std::vector<unsigned char> read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  if (!stream) throw Error(ErrorKind::Failure, text("cannot open ", file.string()));
  std::vector<unsigned char> bytes(static_cast<size_t>(stream.tellg()));
  stream.seekg(0);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!stream) throw Error(ErrorKind::Failure, text("cannot read ", file.string()));
  return bytes;
}

}  // namespace

bool looks_like_dicom(std::span<const unsigned char> bytes) {
  if (bytes.size() >= kPreambleLength + 4 && std::memcmp(bytes.data() + kPreambleLength, "DICM", 4) == 0) return true;
  return bytes.size() >= 8 && (bytes[0] == 0x02 || bytes[0] == 0x08) && bytes[1] == 0;
}

Instance parse_instance(std::span<const unsigned char> bytes, const std::filesystem::path& file) {
  set_up_library();
  if (!looks_like_dicom(bytes)) throw Error(ErrorKind::Failure, text(file.string(), " is not a DICOM file"));
  DcmInputBufferStream stream;
  stream.setBuffer(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  stream.setEos();
  DcmFileFormat parsed;
  parsed.transferInit();
  const OFCondition condition = parsed.read(stream);
  parsed.transferEnd();
  if (condition.bad()) throw Error(ErrorKind::Failure, text("cannot parse ", file.string(), ": ", condition.text()));

  Instance instance;
  instance.file = file;
  instance.dataset.reset(parsed.getAndRemoveDataset());
  instance.transfer_syntax_uid = DcmXfer(instance.dataset->getOriginalXfer()).getXferID();
  read_identity(*instance.dataset, instance);
  read_acquisition(*instance.dataset, instance);
  instance.format = read_format(*instance.dataset);
  read_frames(*instance.dataset, instance);
  return instance;
}

Instance read_instance(const std::filesystem::path& file) {
  return parse_instance(read_bytes(file), file);
}

}  // namespace lumbargrade::dicom
