#pragma once

#include <string>
#include <vector>

#include "study/study.h"

namespace lumbargrade {

/// Columns that tell which series of a study are used: the roles; per role the series, its slices, blocks, matrix and
/// spacing in mm; how many series and files.
const std::vector<std::string>& series_columns();

/// The cells in these columns; those of a role that was not found are empty. Several series of one role are parted by
/// "; "; slices and blocks are their sums, matrix and spacing those of the first block.
std::vector<std::string> series_cells(const std::vector<SeriesSummary>& all);

/// Columns of a data set's table that tell what was found in one study: its series and warnings.
const std::vector<std::string>& overview_columns();

/// The study's cells in these columns.
std::vector<std::string> overview_cells(const Study& study);

/// Cells of a study that could not be read: all empty.
std::vector<std::string> empty_overview_cells();

}  // namespace lumbargrade
