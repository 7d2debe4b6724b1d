#pragma once

#include <memory>

#include "levels/spine_masks.h"
#include "results/dicom_object.h"

namespace lumbargrade::results {

/// The masks as a DICOM segmentation (binary, one segment a structure, SNOMED coded) on the slices of the sagittal
/// series, each frame referring to its image. Slices in which a structure is not seen have no frame. Nothing where the
/// masks are empty. Throws Error (Failure).
std::unique_ptr<DcmDataset> segmentation(const StudyReport& report, const SpineMasks& masks,
                                         const ResultOrigin& origin);

}  // namespace lumbargrade::results
