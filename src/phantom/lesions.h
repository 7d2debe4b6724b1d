#pragma once

#include <array>
#include <filesystem>

#include "core/prevalence.h"
#include "phantom/measure.h"

namespace lumbargrade::phantom {

/// A third each, for training.
PriorTable even_prevalence();

/// Reads {"spinal_canal_stenosis": {"l1_l2": [.955, .034, .011], ...}, ...}. Conditions and levels not named keep the
/// challenge's figures. Throws Error(Usage) for unknown names, negative shares and shares that do not sum to 1.
PriorTable read_prevalence(const std::filesystem::path& file);

/// By level.
using LesionResult = std::array<LevelMeasure, kLevelCount>;

/// Adds lesions to `plan`. For every finding a target measure is drawn in the range of a grade drawn by prevalence, and
/// the lesion is grown until the measure comes close to it; lesions of one level influence each other, as in life. The
/// grades returned come from measuring the finished shapes, whatever was aimed at.
LesionResult add_lesions(PatientPlan& plan, const PriorTable& prevalence, Stream& stream);

/// Measures all five levels of a finished plan.
LesionResult measure_levels(const Anatomy& anatomy, const Anatomy& without_lesions);

}  // namespace lumbargrade::phantom
