#pragma once

#include <string>

class DcmDataset;

namespace lumbargrade::dicom {

/// Converts all text of a data set to UTF-8, as its SpecificCharacterSet says; common misspellings of the defined terms
/// ("ISO_IR_144", "GB18030\\ISO IR 192") are understood. Text that is not of its set stays as it is.
void convert_text_to_utf8(DcmDataset& dataset);

/// The defined terms (PS3.3 C.12.1.1.2) that a SpecificCharacterSet means.
std::string defined_character_sets(const std::string& specific_character_set);

/// The text itself where it is valid UTF-8, with Japanese escape sequences (ISO 2022 IR 87 and kin) decoded; otherwise
/// every byte is taken for a character of ISO 8859-1, which is what files without SpecificCharacterSet mostly hold.
std::string valid_utf8(const std::string& text);

}  // namespace lumbargrade::dicom
