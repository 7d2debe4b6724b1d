#include "training/measures/recess_areas.h"

#include <cmath>
#include <limits>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/number_text.h"
#include "core/statistics.h"

namespace lumbargrade {
void write_recess_areas(const std::filesystem::path& path, const std::vector<RecessAreaRow>& rows) {
  std::string csv = csv_line({"study_id", "level", "side", "grade", "area_mm2", "usual_area_mm2"});
  for (const RecessAreaRow& row : rows) {
    csv += csv_line({row.study_id, std::string(level_name(row.level)), std::string(side_name(row.side)),
                     std::string(severity_key(row.severity)), fixed_decimals(row.area_mm2, 2),
                     row.usual_area_mm2 ? fixed_decimals(*row.usual_area_mm2, 2) : ""});
  }
  write_file_atomically(path, csv);
}

double recess_area_auc(const std::vector<RecessAreaRow>& rows, Severity least, double exponent) {
  std::vector<double> narrow, open;
  for (const RecessAreaRow& row : rows) {
    const double usual = row.usual_area_mm2 && *row.usual_area_mm2 > 0 ? *row.usual_area_mm2 : 1;
    (row.severity >= least ? narrow : open).push_back(-row.area_mm2 / std::pow(usual, exponent));
  }
  return area_under_roc(narrow, open).value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace lumbargrade
