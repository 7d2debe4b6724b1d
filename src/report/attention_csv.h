#pragma once

#include <string>

#include "grades/grade.h"

namespace lumbargrade {

/// What the networks looked at, as CSV with the header study_id, condition, side, level, view, series_instance_uid,
/// sop_instance_uid, weight: one row per finding that a network graded, view and image. Weights have six decimals and
/// sum to 1 over a view (docs/bundle.md, "Attention").
std::string attention_csv(const std::string& study_id, const StudyGrades& grades);

}  // namespace lumbargrade
