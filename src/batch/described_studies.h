#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "batch/discover.h"

namespace lumbargrade {

/// What a table of series descriptions (study_id, series_id, series_description) says of studies that the data set does
/// not hold, in one sentence; "" where every row fits, or there is no table. A study is meant by its id or its folder's
/// name. Throws Error (Usage) when the table cannot be used.
std::string rows_of_unknown_studies(const std::filesystem::path& table, const Discovery& found);

}  // namespace lumbargrade
