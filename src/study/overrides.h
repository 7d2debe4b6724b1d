#pragma once

#include <string>
#include <vector>

#include "study/series.h"
#include "study/study.h"

namespace lumbargrade {

/// Gives series the roles that the user names: first by the table of series descriptions, then by option. Rows of the
/// table that fit nothing are told in `warnings`. Throws Error (Usage) when an option's name fits no series or the
/// table lacks a column.
void apply_overrides(std::vector<Series>& series, const StudyOptions& options, const std::string& study_id,
                     std::vector<std::string>& warnings);

}  // namespace lumbargrade
