#pragma once

#include <array>
#include <optional>
#include <string>

#include "bundle/foramen_finder.h"
#include "crops/crop.h"

namespace lumbargrade {

/// The fat around the nerve in one foramen, read from sagittal T1: it disappears as the foramen narrows (Lee 2010).
struct ForamenMeasure {
  double fat_share = 0;  ///< of the pixels within 9 mm of the point, those as bright as fat
  Vector3 point_patient = Vector3::Zero();
  std::string series_instance_uid;
  std::string sop_instance_uid;
  bool on_t2 = false;  ///< there is no T1: the share is told, but no cut-point rests on T2
  PointOrigin origin = {};
};

/// In the order of all_findings(); nothing at other conditions, and where the series does not show the foramen.
using ForamenMeasures = std::array<std::optional<ForamenMeasure>, kFindingCount>;

/// The share of fat-bright pixels within 9 mm of the foramen on the slice nearest to the point; bright is what Otsu's
/// threshold over the pixels within 30 mm separates from the dark (docs/sources.md, "The share of fat in the foramen").
/// Thin slices are averaged to 4 mm. Nothing where no slice comes near the point.
std::optional<ForamenMeasure> measure_foramen(const std::vector<const Volume*>& sagittal_t1,
                                              const CropPlacement& placement);

/// A foramen's place: where a network has found it (LevelFrame::points), else where `finder` finds it in the sagittal
/// T1, else, and without a finder, the usual one.
CropPlacement place_foramen(const std::vector<const Volume*>& sagittal_t1, const LevelFrame& frame, Side side,
                            const std::optional<ForamenFinder>& finder);

/// Every foramen whose level was found, in the sagittal T1, or the T2 where there is none, at its place
/// (place_foramen).
ForamenMeasures measure_foramina(const Study& study, const Spine& spine, const std::optional<ForamenFinder>& finder);

}  // namespace lumbargrade
