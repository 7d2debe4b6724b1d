#pragma once

#include <string>
#include <vector>

#include "study/study.h"

namespace lumbargrade {

/// Columns of a data set's table that tell what was found in one study: the roles; per role the series, its slices,
/// blocks, matrix and spacing in mm; how many series and files; warnings.
const std::vector<std::string>& overview_columns();

/// The study's cells in these columns; cells of a role that was not found are empty. Several series of one role are
/// parted by "; ", as warnings are; slices and blocks are their sums, matrix and spacing those of the first block.
std::vector<std::string> overview_cells(const Study& study);

/// Cells of a study that could not be read: all empty.
std::vector<std::string> empty_overview_cells();

}  // namespace lumbargrade
