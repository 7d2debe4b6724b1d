#pragma once

#include <string>
#include <vector>

#include "training/measures/foramen_shares.h"
#include "training/measures/named_images.h"
#include "training/segmentation/measure_fits.h"

namespace lumbargrade {

/// Canal: the fluid ratio times the fourth root of the diameter, on named patients cut to the challenge's prevalence.
/// Throws Error (Failure) for fewer than `fewest` canals at a level.
MeasureModel fit_fluid_measure(const std::vector<NamedCanal>& canals, size_t fewest);
ReferenceSample fluid_reference(const std::vector<NamedCanal>& canals);

/// Subarticular: the area beside the sac on axial T2, half relative to the patient's usual one; `studies` says whose
/// ("synthetic studies"). Throws Error (Failure) for fewer than `fewest` recesses at a level.
MeasureModel fit_recess_area_measure(const std::vector<RecessAreaRow>& rows, const std::string& studies, size_t fewest);
std::vector<MetricSpec> recess_area_metrics(const std::vector<RecessAreaRow>& rows, const std::string& studies);

}  // namespace lumbargrade
