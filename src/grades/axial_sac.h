#pragma once

#include <array>
#include <optional>
#include <string>

#include "crops/crop.h"

namespace lumbargrade {

/// Room beside the middle of the sac on one side.
struct RecessArea {
  double area_mm2 = 0;
  Vector3 point_patient = Vector3::Zero();  ///< the middle of the part that is looked at
};

/// The thecal sac at one disc, on the axial T2 slice nearest to the canal's point.
struct AxialMeasure {
  double sac_area_mm2 = 0;
  double sac_ap_mm = 0;  ///< antero-posterior extent at its middle
  std::array<RecessArea, 2> recesses;
  std::string series_instance_uid;
  std::string sop_instance_uid;

  const RecessArea& recess(Side side) const { return recesses[index_of(side)]; }
};

/// By level; nothing where the level was not found or no axial slice shows its canal.
using AxialMeasures = std::array<std::optional<AxialMeasure>, kLevelCount>;

/// The bright component (Otsu's threshold within 15 mm of the canal's point) that fills most of the inner 8 mm is the
/// sac: its area within 15 mm, the extent of its middle columns, and on either side its area 4-13 mm beside its
/// centroid, from 8 mm in front of that to 5 mm behind it (docs/sources.md, "The sac on axial T2").
std::optional<AxialMeasure> measure_axial_level(const std::vector<const Volume*>& axial, const LevelFrame& frame);

/// Every level that was found, where the study has axial T2. What lies aside both of its level's canal point and of the
/// line of the study's canal points and sacs is none: fat beside a canal whose fluid is gone.
AxialMeasures measure_axial(const Study& study, const Spine& spine);

/// What the patient's recesses usually have: the median over levels and sides; nothing for fewer than four.
std::optional<double> usual_recess_area_mm2(const AxialMeasures& measures);

}  // namespace lumbargrade
