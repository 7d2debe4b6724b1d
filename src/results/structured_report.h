#pragma once

#include <memory>

#include "results/dicom_object.h"

namespace lumbargrade::results {

/// The grades as a Comprehensive SR, an Imaging Measurement Report (TID 1500): image library, and a measurement group
/// for each of the 25 findings with probabilities, measures, grade, source and flags, site, side and tracking; as TID
/// 1410 with the graded point as SCOORD on its image, or as TID 1501 where there is no point. Complete, unverified.
/// Throws Error (Failure).
std::unique_ptr<DcmDataset> structured_report(const StudyReport& report, const ResultOrigin& origin);

}  // namespace lumbargrade::results
