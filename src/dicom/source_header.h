#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dicom/structure.h"

class DcmDataset;

namespace lumbargrade::dicom {

struct Instance;

/// The elements of one file before its pixels, as they stand there: whose study it is, for results that must say so.
struct SourceHeader {
  std::vector<unsigned char> bytes;  ///< empty: there was none
  ElementEncoding encoding;
};

/// Empty where the instance's pixels were let go already.
SourceHeader source_header(const Instance& instance);

/// The elements of a data set, parsed. Throws Error, which names `whose` they are, where they cannot be.
std::unique_ptr<DcmDataset> parsed(Bytes elements, ElementEncoding encoding, const std::string& whose);

/// The header parsed, its text in the file's own character set. Throws Error where it cannot be parsed.
std::unique_ptr<DcmDataset> parsed(const SourceHeader& header);

/// What names a patient, as UTF-8; empty where the file does not tell.
struct PatientText {
  std::string name;  ///< "Meier Hans": family name first, groups of other scripts behind a comma
  std::string patient_id;
  std::string birth_date;  ///< "1961-05-23"
  std::string sex;
  std::string study_date;  ///< "2024-02-29"
};

PatientText patient_text(const SourceHeader& header);

}  // namespace lumbargrade::dicom
