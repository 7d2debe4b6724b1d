#pragma once

#include <string>
#include <vector>

#include "study/roles.h"
#include "study/study.h"
#include "study/study_files.h"

namespace lumbargrade {

/// One series of a study while its roles are being found.
struct Series {
  std::vector<InstancePointer> instances;
  std::vector<Candidate> candidates;
  SeriesSummary summary;
};

/// The series of a study, by number, with what their headers and geometry tell: summary, candidates and their roles.
std::vector<Series> make_series(const std::vector<InstancePointer>& instances);

/// Whether the user means this series: by SeriesInstanceUID or name.
bool is_named(const SeriesSummary& summary, const std::string& name);

}  // namespace lumbargrade
