#include "results/dicom_object.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "core/sha256.h"
#include "dicom/source_header.h"
#include "report/grades_json.h"
#include "report/printable_ascii.h"

namespace lumbargrade::results {
namespace {

constexpr const char* kManufacturer = "LumbarGrade";

struct SeriesText {
  const char* modality;
  const char* number;
  const char* description;
};

const SeriesText& series_text(ResultKind kind) {
  static constexpr std::array<SeriesText, 3> kSeries = {{{"SR", "9801", "AI grades, research use only (LumbarGrade)"},
                                                         {"OT", "9802", "AI pictures, research use only (LumbarGrade)"},
                                                         {"SEG", "9803", "AI masks, research use only (LumbarGrade)"}}};
  return kSeries[static_cast<size_t>(kind)];
}

/// Patient and study modules: copied where the source has them.
const std::array<DcmTagKey, 22> kCopied = {DCM_SpecificCharacterSet,
                                           DCM_TimezoneOffsetFromUTC,
                                           DCM_PatientName,
                                           DCM_PatientID,
                                           DCM_IssuerOfPatientID,
                                           DCM_PatientBirthDate,
                                           DCM_PatientSex,
                                           DCM_RETIRED_OtherPatientIDs,
                                           DCM_PatientAge,
                                           DCM_PatientSize,
                                           DCM_PatientWeight,
                                           DCM_EthnicGroup,
                                           DCM_PatientIdentityRemoved,
                                           DCM_DeidentificationMethod,
                                           DCM_StudyInstanceUID,
                                           DCM_StudyDate,
                                           DCM_StudyTime,
                                           DCM_ReferringPhysicianName,
                                           DCM_StudyID,
                                           DCM_AccessionNumber,
                                           DCM_StudyDescription,
                                           DCM_PatientSpeciesDescription};

/// Of these the standard wants the attribute even without a value (type 2).
const std::array<DcmTagKey, 9> kEvenEmpty = {
    DCM_PatientName,    DCM_PatientID, DCM_PatientBirthDate,       DCM_PatientSex,
    DCM_StudyDate,      DCM_StudyTime, DCM_ReferringPhysicianName, DCM_StudyID,
    DCM_AccessionNumber};

void put(DcmDataset& dataset, const DcmTagKey& tag, const std::string& value) {
  require_good(dataset.putAndInsertString(tag, value.c_str()), "an attribute cannot be set");
}

void copy_patient_and_study(DcmDataset& dataset, const ResultOrigin& origin) {
  for (const DcmTagKey& tag : kCopied) {
    dataset.findAndDeleteElement(tag);
    if (origin.source->tagExists(tag)) origin.source->findAndInsertCopyOfElement(tag, &dataset);
  }
  for (const DcmTagKey& tag : kEvenEmpty) {
    if (!dataset.tagExists(tag)) dataset.insertEmptyElement(tag);
  }
  put(dataset, DCM_StudyInstanceUID, origin.study_instance_uid);
}

/// 128 bits of hexadecimal digits as a decimal number.
std::string decimal_of(std::string_view hexadecimal) {
  std::string digits = "0";
  for (const char c : hexadecimal) {
    int carry = c <= '9' ? c - '0' : c - 'a' + 10;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
      const int value = (*digit - '0') * 16 + carry;
      *digit = static_cast<char>('0' + value % 10);
      carry = value / 10;
    }
    for (; carry > 0; carry /= 10) digits.insert(digits.begin(), static_cast<char>('0' + carry % 10));
  }
  return digits;
}

bool are_digits(std::string_view words) {
  return std::all_of(words.begin(), words.end(), [](unsigned char c) { return std::isdigit(c); });
}

std::string text_of(DcmDataset& dataset, const DcmTagKey& tag) {
  OFString value;
  dataset.findAndGetOFString(tag, value);
  return value.c_str();
}

/// Date and time at which the graded image came to be. The moment of the run would give one UID two contents when the
/// run is repeated; run.json has it.
std::pair<std::string, std::string> content_moment(DcmDataset& source) {
  static const std::array<std::pair<DcmTagKey, DcmTagKey>, 4> kMoments = {{{DCM_ContentDate, DCM_ContentTime},
                                                                           {DCM_AcquisitionDate, DCM_AcquisitionTime},
                                                                           {DCM_SeriesDate, DCM_SeriesTime},
                                                                           {DCM_StudyDate, DCM_StudyTime}}};
  for (const auto& [date_tag, time_tag] : kMoments) {
    const std::string date = text_of(source, date_tag);
    if (date.size() != 8 || !are_digits(date)) continue;
    const std::string time = text_of(source, time_tag).substr(0, 6);
    return {date, time.size() == 6 && are_digits(time) ? time : "000000"};
  }
  return {"19700101", "000000"};
}

}  // namespace

void require_good(bool good, const char* what, const char* why) {
  if (!good) throw Error(ErrorKind::Failure, text("DICOM result: ", what, " (", why, ")"));
}

void require_good(const OFCondition& condition, const char* what) {
  require_good(condition.good(), what, condition.text());
}

ResultOrigin result_origin(const StudyReport& report, std::string_view options) {
  ResultOrigin origin;
  origin.source = dicom::parsed(report.study.header);
  StudyReport timeless = report;
  timeless.origin.created_utc.clear();
  origin.digest = sha256_of_bytes(grades_json(timeless) + std::string(options));
  origin.study_instance_uid =
      report.study.study_instance_uid.empty() ? derived_uid(origin.digest, "study") : report.study.study_instance_uid;
  origin.program = report.origin.program;
  origin.bundle = report.origin.bundle_name + " " + report.origin.bundle_version;
  std::tie(origin.content_date, origin.content_time) = content_moment(*origin.source);
  return origin;
}

std::string derived_uid(std::string_view digest, std::string_view purpose) {
  std::string hexadecimal = sha256_of_bytes(std::string(digest) + "\n" + std::string(purpose)).substr(0, 32);
  hexadecimal[12] = '8';  // the UUID's version: made by the application's own rule (RFC 9562)
  hexadecimal[16] = "89ab"[hexadecimal[16] % 4];
  return "2.25." + decimal_of(hexadecimal);
}

void complete(DcmDataset& dataset, const ResultOrigin& origin, ResultKind kind, const std::string& purpose,
              int instance_number) {
  const SeriesText& series = series_text(kind);
  copy_patient_and_study(dataset, origin);
  put(dataset, DCM_Modality, series.modality);
  put(dataset, DCM_SeriesNumber, series.number);
  put(dataset, DCM_SeriesDescription, series.description);
  put(dataset, DCM_BodyPartExamined, "LSPINE");
  put(dataset, DCM_SeriesDate, origin.content_date);
  put(dataset, DCM_SeriesTime, origin.content_time);
  put(dataset, DCM_SeriesInstanceUID, derived_uid(origin.digest, std::string("series ") + series.modality));
  put(dataset, DCM_SOPInstanceUID, derived_uid(origin.digest, series.modality + purpose));
  put(dataset, DCM_InstanceNumber, std::to_string(instance_number));
  dataset.findAndDeleteElement(DCM_InstanceCreationDate);
  dataset.findAndDeleteElement(DCM_InstanceCreationTime);
  put(dataset, DCM_ContentDate, origin.content_date);
  put(dataset, DCM_ContentTime, origin.content_time);
  put(dataset, DCM_Manufacturer, kManufacturer);
  put(dataset, DCM_ManufacturerModelName, printable_ascii(origin.bundle).substr(0, 64));
  put(dataset, DCM_SoftwareVersions, origin.program.substr(0, 64));
  put(dataset, DCM_DeviceSerialNumber, origin.digest.substr(0, 16));
}

std::string file_bytes(DcmDataset& dataset) {
  DcmFileFormat file(&dataset);
  constexpr E_TransferSyntax kSyntax = EXS_LittleEndianExplicit;
  require_good(file.validateMetaInfo(kSyntax), "its file header cannot be made");
  std::string bytes(file.calcElementLength(kSyntax, EET_ExplicitLength) + 4096, '\0');
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  file.transferInit();
  const OFCondition written = file.write(stream, kSyntax, EET_ExplicitLength, nullptr);
  file.transferEnd();
  require_good(written, "it cannot be written");
  void* start = nullptr;
  offile_off_t length = 0;
  stream.flushBuffer(start, length);
  bytes.resize(static_cast<size_t>(length));
  return bytes;
}

}  // namespace lumbargrade::results
