#include "dicom/source_header.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>

#include "core/error.h"
#include "dicom/character_sets.h"
#include "dicom/instance.h"
#include "dicom/library.h"
#include "dicom/values.h"

namespace lumbargrade::dicom {
namespace {

/// "20240229" as "2024-02-29"; anything else as it is.
std::string readable_date(const std::string& date) {
  const bool is_date =
      date.size() == 8 && std::all_of(date.begin(), date.end(), [](char c) { return c >= '0' && c <= '9'; });
  return is_date ? date.substr(0, 4) + "-" + date.substr(4, 2) + "-" + date.substr(6) : date;
}

/// Components parted by ^, groups of scripts by = (PS3.5 section 6.2.1).
std::string readable_name(const std::string& name) {
  std::string readable;
  for (const char c : name) {
    if (c == '=') {
      readable += ", ";
    } else if (c != '^') {
      readable += c;
    } else if (!readable.empty() && readable.back() != ' ') {
      readable += ' ';
    }
  }
  readable.resize(readable.find_last_not_of(" ,") + 1);
  return readable;
}

}  // namespace

SourceHeader source_header(const Instance& instance) {
  if (!instance.pixels) return {};
  const Bytes header = instance.pixels->structure.header;
  return {{header.begin(), header.end()}, instance.pixels->structure.encoding};
}

std::unique_ptr<DcmDataset> parsed(Bytes elements, ElementEncoding encoding, const std::string& whose) {
  set_up_library();
  auto dataset = std::make_unique<DcmDataset>();
  if (elements.empty()) return dataset;
  DcmInputBufferStream stream;
  stream.setBuffer(elements.data(), static_cast<offile_off_t>(elements.size()));
  stream.setEos();
  dataset->transferInit();
  const E_TransferSyntax explicit_vr = encoding.big_endian ? EXS_BigEndianExplicit : EXS_LittleEndianExplicit;
  const OFCondition condition = dataset->read(stream, encoding.explicit_vr ? explicit_vr : EXS_LittleEndianImplicit);
  dataset->transferEnd();
  if (condition.bad()) throw Error(ErrorKind::Failure, text(whose, " cannot be parsed: ", condition.text()));
  return dataset;
}

std::unique_ptr<DcmDataset> parsed(const SourceHeader& header) {
  return parsed(header.bytes, header.encoding, "the header of the graded series");
}

PatientText patient_text(const SourceHeader& header) {
  const auto dataset = parsed(header);
  convert_text_to_utf8(*dataset);
  return {readable_name(string_value(*dataset, DCM_PatientName)), string_value(*dataset, DCM_PatientID),
          readable_date(string_value(*dataset, DCM_PatientBirthDate)), string_value(*dataset, DCM_PatientSex),
          readable_date(string_value(*dataset, DCM_StudyDate))};
}

}  // namespace lumbargrade::dicom
