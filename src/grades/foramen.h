#pragma once

#include <array>
#include <optional>
#include <string>

#include "crops/crop.h"

namespace lumbargrade {

/// The fat around the nerve in one foramen, read from sagittal T1: it disappears as the foramen narrows (Lee 2010).
struct ForamenMeasure {
  double fat_share = 0;  ///< of the pixels within 9 mm of the point, those as bright as fat
  Vector3 point_patient = Vector3::Zero();
  std::string series_instance_uid;
  std::string sop_instance_uid;
};

/// In the order of all_findings(); nothing at other conditions, and where the series does not show the foramen.
using ForamenMeasures = std::array<std::optional<ForamenMeasure>, kFindingCount>;

/// Whether the foramen lies at the given point, or is looked for around it in the slice.
enum class ForamenSearch {
  None,
  InPlane,  ///< the fat-filled gap within 4 mm of the point
};

/// The share of fat-bright pixels within 9 mm of the foramen on the slice nearest to the point; bright is what Otsu's
/// threshold over the pixels within 30 mm separates from the dark (docs/sources.md, "The share of fat in the foramen").
/// Thin slices are averaged to 4 mm. Nothing where no slice comes near the point.
std::optional<ForamenMeasure> measure_foramen(const std::vector<const Volume*>& sagittal_t1,
                                              const CropPlacement& placement, ForamenSearch search);

/// Every foramen whose level was found, where the study has a sagittal T1.
ForamenMeasures measure_foramina(const Study& study, const Spine& spine);

}  // namespace lumbargrade
