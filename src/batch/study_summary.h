#pragma once

#include <string>
#include <vector>

#include "batch/discover.h"
#include "pipeline/grade_study.h"

namespace lumbargrade {

/// Columns of studies.csv: study_id, study_instance_uid, status (`graded` or `failed`); the series that were used, by
/// role, with slices, blocks, matrix and spacing; levels found, with their confidence; flags; warnings; read_ms,
/// levels_ms, grade_ms; reason (of a failure).
const std::vector<std::string>& study_summary_columns();

/// The cells of a graded study. Several warnings are parted by "; ".
std::vector<std::string> summary_cells(const std::string& study_id, const StudyResult& result);

/// The cells of a study that has no result; most are empty.
std::vector<std::string> summary_cells(const StudyFailure& failure);

/// Columns of a data set's table that tell what was found in one study: its series, as in studies.csv, and warnings.
const std::vector<std::string>& overview_columns();

/// The study's cells in these columns.
std::vector<std::string> overview_cells(const Study& study);

/// The warnings, each printable and of bearable length; of very many the first, and how many were left out.
std::vector<std::string> bounded_warnings(const std::vector<std::string>& warnings);

}  // namespace lumbargrade
