#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace lumbargrade::dicom {

/// Adds a note that is not there yet.
inline void add_note(std::vector<std::string>& notes, const std::string& note) {
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
}

}  // namespace lumbargrade::dicom
