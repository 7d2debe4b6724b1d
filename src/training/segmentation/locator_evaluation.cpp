#include "training/segmentation/locator_evaluation.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <sstream>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/number_text.h"
#include "core/statistics.h"
#include "core/table.h"
#include "levels/locator_network.h"
#include "volume/grid.h"

namespace lumbargrade {
namespace {

constexpr double kRightWithinMm = 10;
const std::vector<std::string> kFigureColumns = {
    "study_id",         "level", "found",      "disc_error_mm", "canal_point_error_mm", "diameter_mm",
    "true_diameter_mm", "ratio", "true_ratio", "confidence"};

Vector3 nearest_along(const std::vector<Vector3>& points, const Vector3& to, const Vector3& normal) {
  return *std::min_element(points.begin(), points.end(), [&](const Vector3& a, const Vector3& b) {
    return std::abs((a - to).dot(normal)) < std::abs((b - to).dot(normal));
  });
}

double median_or_nan(const std::vector<double>& values) {
  return values.empty() ? std::nan("") : median_of(values);
}

struct Pairs {
  std::vector<double> a;
  std::vector<double> b;

  void add(const std::optional<double>& x, const std::optional<double>& y) {
    if (x && y) a.push_back(*x), b.push_back(*y);
  }

  double mean_absolute_error() const {
    double sum = 0;
    for (size_t k = 0; k < a.size(); ++k) sum += std::abs(a[k] - b[k]);
    return sum / static_cast<double>(a.size());
  }

  double correlation() const { return correlation_of(a, b); }
};

LevelFigure figure_of(const LabelledStudy& study, Level level, const std::optional<LevelFrame>& frame,
                      const Vector3& normal) {
  LevelFigure figure;
  figure.study_id = study.study_id;
  figure.level = level;
  if (const auto truth = study.truth.canal.find(level); truth != study.truth.canal.end()) {
    figure.true_diameter_mm = truth->second.diameter_mm;
    figure.true_ratio = truth->second.ratio;
  }
  if (!frame) return figure;
  figure.found = true;
  figure.confidence = frame->confidence;
  const auto& centres = study.truth.disc_centres_patient.at(level);
  figure.disc_error_mm =
      distance_in_plane(frame->centre_patient, nearest_along(centres, frame->centre_patient, normal), normal);
  const auto canal = study.truth.canal_points_patient.find(level);
  if (canal != study.truth.canal_points_patient.end() && frame->canal) {
    figure.canal_point_error_mm = distance_in_plane(frame->canal->point_patient, canal->second, normal);
  }
  if (frame->canal) {
    figure.diameter_mm = frame->canal->diameter_mm;
    figure.ratio = frame->canal->ratio();
  }
  return figure;
}

std::string shown(const std::optional<double>& value) {
  return value ? fixed_decimals(*value, 3) : "";
}

}  // namespace

Spine spine_of(const LabelledStudy& study, const LocatorNetwork& network) {
  try {
    return locate_spine(study.volume, network);
  } catch (const Error&) {
    return {};
  }
}

std::vector<LevelFigure> evaluate_spine(const LabelledStudy& study, const Spine& spine) {
  const Vector3 normal = study.volume.patient_from_index.linear().col(2).normalized();
  std::vector<LevelFigure> rows;
  for (const Level level : kLevels) {
    if (study.truth.disc_centres_patient.contains(level)) {
      rows.push_back(figure_of(study, level, spine.levels[index_of(level)], normal));
    }
  }
  return rows;
}

LocatorFigures summarise(const std::vector<LevelFigure>& rows) {
  LocatorFigures figures;
  std::map<std::string, bool> right;
  std::vector<double> disc_errors;
  std::vector<double> canal_errors;
  Pairs diameters;
  Pairs ratios;
  for (const LevelFigure& row : rows) {
    const bool is_right = row.found && row.canal_point_error_mm.value_or(row.disc_error_mm) <= kRightWithinMm;
    const auto [study, is_new] = right.try_emplace(row.study_id, true);
    study->second = study->second && is_right;
    if (row.found) disc_errors.push_back(row.disc_error_mm);
    if (row.canal_point_error_mm) canal_errors.push_back(*row.canal_point_error_mm);
    diameters.add(row.diameter_mm, row.true_diameter_mm);
    ratios.add(row.ratio, row.true_ratio);
  }
  figures.studies = static_cast<int>(right.size());
  for (const auto& [study, is_right] : right) figures.studies_all_right += is_right;
  figures.median_disc_error_mm = median_or_nan(disc_errors);
  figures.median_canal_point_error_mm = median_or_nan(canal_errors);
  figures.diameter_mean_absolute_error_mm = diameters.mean_absolute_error();
  figures.diameter_correlation = diameters.correlation();
  figures.ratio_correlation = ratios.correlation();
  return figures;
}

std::string describe(const LocatorFigures& figures) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << figures.studies_all_right << " of " << figures.studies
      << " studies with five names right; median error " << figures.median_disc_error_mm << " mm (disc centre), "
      << figures.median_canal_point_error_mm << " mm (canal point); canal diameter: mean absolute error "
      << figures.diameter_mean_absolute_error_mm << " mm, r " << std::setprecision(3) << figures.diameter_correlation
      << ", ratio r " << figures.ratio_correlation;
  return out.str();
}

void write_figures(const std::filesystem::path& path, const std::vector<LevelFigure>& rows) {
  std::string csv = csv_line(kFigureColumns);
  for (const LevelFigure& row : rows) {
    csv += csv_line({row.study_id, std::string(level_name(row.level)), row.found ? "1" : "0",
                     row.found ? shown(row.disc_error_mm) : "", shown(row.canal_point_error_mm), shown(row.diameter_mm),
                     shown(row.true_diameter_mm), shown(row.ratio), shown(row.true_ratio), shown(row.confidence)});
  }
  write_file_atomically(path, csv);
}

std::vector<LevelFigure> read_figures(const std::filesystem::path& path) {
  const Table table(path, ErrorKind::Usage, kFigureColumns);
  std::vector<LevelFigure> figures;
  for (const TableRow row : table) {
    LevelFigure figure;
    figure.study_id = row.word("study_id");
    figure.level = row.level();
    figure.found = row.boolean("found");
    figure.disc_error_mm = row.optional_number("disc_error_mm").value_or(0);
    figure.canal_point_error_mm = row.optional_number("canal_point_error_mm");
    figure.diameter_mm = row.optional_number("diameter_mm");
    figure.true_diameter_mm = row.optional_number("true_diameter_mm");
    figure.ratio = row.optional_number("ratio");
    figure.true_ratio = row.optional_number("true_ratio");
    figure.confidence = row.optional_number("confidence").value_or(0);
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace lumbargrade
