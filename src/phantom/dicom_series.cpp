#include "phantom/dicom_series.h"

#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <fstream>

#include "core/error.h"
#include "core/number_text.h"
#include "dicom/library.h"
#include "phantom/random.h"

namespace lumbargrade::phantom {
namespace {

struct RleEncoder {
  RleEncoder() { DcmRLEEncoderRegistration::registerCodecs(); }
  ~RleEncoder() { DcmRLEEncoderRegistration::cleanup(); }
  RleEncoder(const RleEncoder&) = delete;
  RleEncoder& operator=(const RleEncoder&) = delete;
};

void register_rle_encoder() {
  [[maybe_unused]] static const RleEncoder encoder;
}

// Of the program that writes the files: a UID below 2.25 made from a random UUID (PS3.5 B.2).
constexpr const char* kImplementationClassUid = "2.25.38780612776322603026602726865824667827";
constexpr const char* kImplementationName = "LUMBARGRADE";

/// A UUID-derived UID (PS3.5 B.2) that depends on nothing but the keys.
std::string uid_of(std::initializer_list<std::uint64_t> keys) {
  return text("2.25.", mix_keys(keys));
}

/// Decimal string: at most 16 characters, no exponent for the sizes met here.
std::string decimal(double value) {
  return short_decimals(value, 6);
}

std::string joined(const Vector3& a) {
  return text(decimal(a.x()), "\\", decimal(a.y()), "\\", decimal(a.z()));
}

class Header {
 public:
  explicit Header(DcmDataset& dataset) : dataset_(dataset) {}

  Header& set(const DcmTagKey& tag, const std::string& value) {
    check(dataset_.putAndInsertString(tag, value.c_str()));
    return *this;
  }
  Header& set(const DcmTagKey& tag, int value) {
    check(dataset_.putAndInsertUint16(tag, static_cast<Uint16>(value)));
    return *this;
  }

 private:
  static void check(const OFCondition& status) {
    if (status.bad()) throw Error(ErrorKind::Failure, text("cannot set a DICOM attribute: ", status.text()));
  }
  DcmDataset& dataset_;
};

void put_geometry(Header& header, const SlicePlan& slice, int instance, const std::string& frame_of_reference) {
  header.set(DCM_InstanceNumber, std::to_string(instance))
      .set(DCM_PatientPosition, "HFS")
      .set(DCM_ImagePositionPatient, joined(slice.plane.position_patient))
      .set(DCM_ImageOrientationPatient, joined(slice.plane.row_direction) + "\\" + joined(slice.plane.column_direction))
      .set(DCM_FrameOfReferenceUID, frame_of_reference)
      .set(DCM_PixelSpacing, decimal(slice.plane.row_spacing_mm) + "\\" + decimal(slice.plane.column_spacing_mm))
      .set(DCM_SliceThickness, decimal(slice.thickness_mm))
      .set(DCM_SpacingBetweenSlices, decimal(slice.step_mm));
}

void put_pixels(Header& header, DcmDataset& dataset, const SlicePlan& slice, const SlicePixels& pixels) {
  header.set(DCM_SamplesPerPixel, 1)
      .set(DCM_PhotometricInterpretation, "MONOCHROME2")
      .set(DCM_Rows, slice.rows)
      .set(DCM_Columns, slice.columns)
      .set(DCM_BitsAllocated, 16)
      .set(DCM_BitsStored, 12)
      .set(DCM_HighBit, 11)
      .set(DCM_PixelRepresentation, 0)
      .set(DCM_WindowCenter, "500")
      .set(DCM_WindowWidth, "1000");
  if (dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), static_cast<unsigned long>(pixels.size())).bad()) {
    throw Error(ErrorKind::Failure, "cannot store pixels in a DICOM object");
  }
}

void put_conformant_header(Header& header, const SeriesIdentity& identity, const SeriesPlan& series,
                           const std::string& sop_uid) {
  const Sequence& sequence = series.sequence;
  const std::string id = std::to_string(identity.study_id);
  header.set(DCM_SpecificCharacterSet, "ISO_IR 100")
      .set(DCM_ImageType, identity.labels ? "DERIVED\\SECONDARY\\OTHER" : "ORIGINAL\\PRIMARY\\OTHER")
      .set(DCM_SOPClassUID, UID_MRImageStorage)
      .set(DCM_SOPInstanceUID, sop_uid)
      .set(DCM_StudyDate, "20240101")
      .set(DCM_SeriesDate, "20240101")
      .set(DCM_ContentDate, "20240101")
      .set(DCM_StudyTime, "120000")
      .set(DCM_ContentTime, "120000")
      .set(DCM_AccessionNumber, "")
      .set(DCM_Modality, "MR")
      .set(DCM_Manufacturer, "LumbarGrade phantom")
      .set(DCM_ReferringPhysicianName, "")
      .set(DCM_StudyDescription, "Synthetic lumbar spine, not a patient")
      .set(DCM_SeriesDescription,
           std::string(identity.labels ? "Labels " : "") + std::string(series_description(series.role)))
      .set(DCM_ManufacturerModelName, "Phantom")
      .set(DCM_PatientName, "Phantom^" + id)
      .set(DCM_PatientID, id)
      .set(DCM_PatientBirthDate, "")
      .set(DCM_PatientSex, identity.female ? "F" : "M")
      .set(DCM_BodyPartExamined, "LSPINE")
      .set(DCM_ScanningSequence, sequence.contrast == Contrast::Stir ? "SE\\IR" : "SE")
      .set(DCM_SequenceVariant, "SK")
      .set(DCM_ScanOptions, "")
      .set(DCM_MRAcquisitionType, "2D")
      .set(DCM_RepetitionTime, decimal(sequence.repetition_ms))
      .set(DCM_EchoTime, decimal(sequence.echo_ms))
      .set(DCM_MagneticFieldStrength, decimal(sequence.field_tesla))
      .set(DCM_EchoTrainLength, sequence.contrast == Contrast::T1 ? "3" : "16")
      .set(DCM_PixelBandwidth, decimal(series.bandwidth_hz_per_px))
      .set(DCM_DeviceSerialNumber, "1")
      .set(DCM_SoftwareVersions, "lumbargrade")
      .set(DCM_InPlanePhaseEncodingDirection, series.acquisition.phase_along_rows ? "ROW" : "COL")
      .set(DCM_StudyID, "1")
      .set(DCM_SeriesNumber, std::to_string(identity.series_number))
      .set(DCM_AcquisitionNumber, "1")
      .set(DCM_PositionReferenceIndicator, "");
  if (sequence.contrast == Contrast::Stir) header.set(DCM_InversionTime, decimal(sequence.inversion_ms));
  const int age = static_cast<int>(identity.age_years);
  header.set(DCM_PatientAge, text(age < 100 ? "0" : "", age, "Y"));
}

/// The challenge's files begin with a meta header that lacks its group length and names the wrong class.
void write_rsna_file(DcmDataset& dataset, const std::filesystem::path& file, const std::string& sop_uid) {
  std::ofstream out(file, std::ios::binary);
  const auto put_element = [&](std::uint16_t element, const char* vr, std::string value, bool null_padded) {
    if (value.size() % 2) value.push_back(null_padded ? '\0' : ' ');
    const std::array<unsigned char, 4> tag = {0x02, 0x00, static_cast<unsigned char>(element & 0xff),
                                              static_cast<unsigned char>(element >> 8)};
    const std::array<unsigned char, 2> length = {static_cast<unsigned char>(value.size() & 0xff),
                                                 static_cast<unsigned char>(value.size() >> 8)};
    out.write(reinterpret_cast<const char*>(tag.data()), tag.size());
    out.write(vr, 2);
    out.write(reinterpret_cast<const char*>(length.data()), length.size());
    out.write(value.data(), static_cast<std::streamsize>(value.size()));
  };
  const std::string preamble(128, '\0');
  out.write(preamble.data(), 128);
  out.write("DICM", 4);
  put_element(0x0002, "UI", UID_EnhancedMRImageStorage, true);
  put_element(0x0003, "UI", sop_uid, true);
  put_element(0x0010, "UI", UID_RLELosslessTransferSyntax, true);
  put_element(0x0012, "UI", "1.2.40.0.13.1.1.1", true);
  const std::vector<char> buffer = [&] {
    const unsigned long estimate = dataset.calcElementLength(EXS_RLELossless, EET_ExplicitLength) + 65536;
    std::vector<char> bytes(estimate);
    DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
    dataset.transferInit();
    const OFCondition status = dataset.write(stream, EXS_RLELossless, EET_ExplicitLength, nullptr);
    dataset.transferEnd();
    if (status.bad()) throw Error(ErrorKind::Failure, text(file.string(), ": ", status.text()));
    void* written = nullptr;
    offile_off_t length = 0;
    stream.flushBuffer(written, length);
    bytes.resize(static_cast<size_t>(length));
    return bytes;
  }();
  out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
  out.close();
  if (!out) throw Error(ErrorKind::Failure, text("cannot write ", file.string(), "; is the disk full?"));
}

void encode_rle(DcmDataset& dataset, const std::filesystem::path& file) {
  register_rle_encoder();
  if (dataset.chooseRepresentation(EXS_RLELossless, nullptr).bad() || !dataset.canWriteXfer(EXS_RLELossless)) {
    throw Error(ErrorKind::Failure, text(file.string(), ": cannot encode as RLE"));
  }
}

/// DCMTK would write its own name and version into the meta header, and the bytes would change with the machine.
void save_file(DcmFileFormat& format, E_TransferSyntax syntax, const std::filesystem::path& file) {
  format.validateMetaInfo(syntax);
  DcmMetaInfo& meta = *format.getMetaInfo();
  meta.putAndInsertString(DCM_ImplementationClassUID, kImplementationClassUid);
  meta.putAndInsertString(DCM_ImplementationVersionName, kImplementationName);
  meta.computeGroupLengthAndPadding(EGL_recalcGL, EPD_noChange, EXS_LittleEndianExplicit, EET_ExplicitLength);
  const OFCondition status =
      format.saveFile(file.c_str(), syntax, EET_ExplicitLength, EGL_recalcGL, EPD_noChange, 0, 0, EWM_dontUpdateMeta);
  if (status.bad()) throw Error(ErrorKind::Failure, text("cannot write ", file.string(), ": ", status.text()));
}

std::string study_instance_uid(const SeriesIdentity& identity, VendorQuirks quirks) {
  return quirks == VendorQuirks::Rsna ? std::to_string(identity.study_id) : uid_of({identity.study_id, 1});
}

}  // namespace

std::string series_instance_uid(const SeriesIdentity& identity, VendorQuirks quirks) {
  if (quirks == VendorQuirks::Rsna) return text(identity.study_id, ".", identity.series_id);
  return uid_of({identity.study_id, identity.series_id, identity.labels ? 3U : 2U});
}

void write_slice(const std::filesystem::path& folder, const SeriesIdentity& identity, const SeriesPlan& series,
                 int instance, const SlicePixels& pixels, VendorQuirks quirks) {
  dicom::set_up_library();
  const SlicePlan& slice = series.slices[static_cast<size_t>(instance) - 1];
  const std::filesystem::path file = folder / (std::to_string(instance) + ".dcm");
  const bool rsna = quirks == VendorQuirks::Rsna;
  // The challenge's SOP instance UIDs count within the study's series and repeat across them.
  const std::string sop_uid = rsna ? text(identity.study_id, ".1.", instance)
                                   : uid_of({identity.study_id, identity.series_id, identity.labels ? 5U : 4U,
                                             static_cast<std::uint64_t>(instance)});
  DcmFileFormat format;
  DcmDataset& dataset = *format.getDataset();
  Header header(dataset);
  if (rsna) {
    header.set(DCM_SOPInstanceUID, sop_uid)
        .set(DCM_SeriesDescription, series.role == SeriesRole::SagittalT1 ? "T1" : "T2")
        .set(DCM_PatientID, std::to_string(identity.study_id));
  } else {
    put_conformant_header(header, identity, series, sop_uid);
  }
  header.set(DCM_StudyInstanceUID, study_instance_uid(identity, quirks))
      .set(DCM_SeriesInstanceUID, series_instance_uid(identity, quirks));
  const std::string frame_of_reference =
      rsna ? text(identity.study_id, ".", identity.series_id, ".9") : uid_of({identity.study_id, 9});
  put_geometry(header, slice, instance, frame_of_reference);
  put_pixels(header, dataset, slice, pixels);
  if (rsna) {
    encode_rle(dataset, file);
    write_rsna_file(dataset, file, sop_uid);
    return;
  }
  if (identity.labels) encode_rle(dataset, file);
  save_file(format, identity.labels ? EXS_RLELossless : EXS_LittleEndianExplicit, file);
}

}  // namespace lumbargrade::phantom
