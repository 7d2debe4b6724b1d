#pragma once

#include <string>
#include <vector>

#include "dicom/instance.h"

class DcmDataset;
class DcmItem;

namespace lumbargrade::dicom {

/// What the frames of a data set hold, attribute by attribute: from a frame's own functional groups, else from the
/// shared ones, else from the data set (classic images). The cost is that of the elements present, however many frames
/// share them. Appends to `notes` what was corrected.
std::vector<Frame> read_frames(DcmDataset& dataset, size_t count, std::vector<std::string>& notes);

/// Attributes that are told once for all images of a file.
void read_acquisition(DcmDataset& dataset, Instance& instance);

}  // namespace lumbargrade::dicom
