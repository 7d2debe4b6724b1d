#include "study/overrides.h"

#include <algorithm>
#include <tuple>

#include "core/error.h"
#include "core/table.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// The candidate of a series that fits a role best: of its orientation, of its own role, of the most slices.
Candidate* candidate_for(Series& series, SeriesRole role) {
  const Orientation wanted = role == SeriesRole::AxialT2 ? Orientation::Axial : Orientation::Sagittal;
  const auto fitness = [&](const Candidate& candidate) {
    return std::tuple(candidate.orientation == wanted, candidate.role == role, candidate.slices());
  };
  const auto best = std::max_element(series.candidates.begin(), series.candidates.end(),
                                     [&](const auto& a, const auto& b) { return fitness(a) < fitness(b); });
  return best == series.candidates.end() ? nullptr : &*best;
}

void assign(Series& series, SeriesRole role, const std::string& evidence) {
  Candidate* chosen = candidate_for(series, role);
  for (Candidate& candidate : series.candidates) {
    candidate.role = SeriesRole::None;
    candidate.weighting_is_unknown = false;
  }
  if (!chosen) return;
  const Orientation usual = role == SeriesRole::AxialT2 ? Orientation::Axial : Orientation::Sagittal;
  if (chosen->orientation != usual) {
    series.summary.warnings.push_back(
        text("used as ", role_name(role), " but is ", orientation_name(chosen->orientation)));
  }
  chosen->role = role;
  chosen->evidence = evidence;
}

std::string list_series(const std::vector<Series>& series) {
  std::string list;
  for (const Series& one : series) {
    list += text(list.empty() ? "" : ", ", one.summary.name, " (", one.summary.description, ")");
  }
  return list;
}

void override_role(std::vector<Series>& series, const std::vector<std::string>& names, SeriesRole role) {
  std::vector<Series*> chosen;
  for (const std::string& name : names) {
    const auto match =
        std::find_if(series.begin(), series.end(), [&](const Series& s) { return is_named(s.summary, name); });
    if (match == series.end()) {
      throw Error(ErrorKind::Usage,
                  text("no series \"", name, "\" for ", role_name(role), "; the study has ", list_series(series)));
    }
    if (match->candidates.empty()) {
      throw Error(ErrorKind::Usage, text("series \"", name, "\" holds no image that could be ", role_name(role)));
    }
    chosen.push_back(&*match);
  }
  if (chosen.empty()) return;
  for (Series& other : series) {
    for (Candidate& candidate : other.candidates) {
      if (candidate.role == role) candidate.role = SeriesRole::None;
    }
  }
  for (Series* one : chosen) assign(*one, role, "chosen by the user");
}

/// One row of the table for this study; returns why it was not used, or nothing.
std::string apply_row(std::vector<Series>& series, const std::string& series_id, const std::string& description) {
  const auto role = role_of_series_description(description);
  if (!role) return text("the description \"", description, "\" of series ", series_id, " names no role");
  bool is_known = false;
  for (Series& one : series) {
    if (!is_named(one.summary, series_id)) continue;
    assign(one, *role, text("series_descriptions: ", description));
    is_known = true;
  }
  return is_known ? std::string() : text("the study has no series ", series_id);
}

/// The challenge's series_descriptions table: what it says of a series counts more than the headers.
void apply_descriptions(std::vector<Series>& series, const fs::path& table_file, const std::string& study_id,
                        std::vector<std::string>& warnings) {
  if (table_file.empty()) return;
  const Table table(table_file, ErrorKind::Usage, {"study_id", "series_id", "series_description"});
  bool names_study = false;
  for (const TableRow row : table) {
    if (row.id("study_id") != study_id) continue;
    names_study = true;
    const std::string unused = apply_row(series, row.id("series_id"), row.field("series_description"));
    if (!unused.empty()) {
      warnings.push_back(text(table_file.filename().string(), " line ", row.line(), " is not used: ", unused));
    }
  }
  if (!names_study) warnings.push_back(text(table_file.filename().string(), " has no row of the study ", study_id));
}

}  // namespace

void apply_overrides(std::vector<Series>& series, const StudyOptions& options, const std::string& study_id,
                     std::vector<std::string>& warnings) {
  const auto one = [](const std::string& name) {
    return name.empty() ? std::vector<std::string>() : std::vector<std::string>{name};
  };
  apply_descriptions(series, options.series_descriptions, study_id, warnings);
  override_role(series, one(options.sagittal_t1), SeriesRole::SagittalT1);
  override_role(series, one(options.sagittal_t2), SeriesRole::SagittalT2);
  override_role(series, options.axial_t2, SeriesRole::AxialT2);
}

}  // namespace lumbargrade
