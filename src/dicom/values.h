#pragma once

#include <optional>
#include <string>
#include <vector>

#include "volume/grid.h"

class DcmElement;
class DcmItem;
class DcmTagKey;

namespace lumbargrade::dicom {

// Single values of a parsed data set. Numbers that are written as text are taken whole or not at all ("1.1mm" is none;
// a decimal comma is a decimal point), and only finite ones are numbers.

/// All values of a text, joined by backslashes, in UTF-8; empty where there is none.
std::string string_value(DcmItem& item, const DcmTagKey& tag);

/// Only these, in capitals: "ISO_IR 192" and "iso-ir-192" are alike, and so are "Monochrome 1" and "MONOCHROME1".
std::string letters_and_digits(const std::string& term);

/// Nothing where the item does not hold it.
DcmElement* element_of(DcmItem& item, const DcmTagKey& tag);

std::optional<double> number_value(DcmItem& item, const DcmTagKey& tag, unsigned long position = 0);
int integer_value(DcmItem& item, const DcmTagKey& tag, int otherwise);

/// Three numbers from the `first` on.
std::optional<Vector3> vector_value(DcmItem& item, const DcmTagKey& tag, unsigned long first = 0);

/// The first item of a sequence; nothing where there is none.
DcmItem* first_item(DcmItem* parent, const DcmTagKey& sequence);

/// Adds a note that is not there yet.
void add_note(std::vector<std::string>& notes, const std::string& note);

}  // namespace lumbargrade::dicom
