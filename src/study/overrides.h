#pragma once

#include <string>
#include <vector>

#include "study/series.h"
#include "study/study.h"

namespace lumbargrade {

/// Gives series the roles that the user names: first by the table of series descriptions, then by option. Throws Error
/// (Usage) when a name fits no series or the table lacks a column.
void apply_overrides(std::vector<Series>& series, const StudyOptions& options, const std::string& study_id);

}  // namespace lumbargrade
