#pragma once

#include <string>

#include "levels/spine_masks.h"
#include "report/study_report.h"

namespace lumbargrade::results {

/// masks.json: what each label of the mask stands for, with name, SNOMED code, centroid (LPS, mm) and volume (mm³).
/// Layout in docs/outputs.md.
std::string masks_json(const StudyReport& report, const SpineMasks& masks);

/// Points for 3D Slicer (a .mrk.json of its markups module, LPS): centroids of discs and vertebral bodies, and the
/// graded point of every row that has one, with its grade.
std::string markups_json(const StudyReport& report, const SpineMasks& masks);

}  // namespace lumbargrade::results
