#include "training/calibration/foramen_share.h"

#include <cmath>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/number_text.h"
#include "core/statistics.h"
#include "metric/agreement.h"
#include "metric/cases.h"

namespace lumbargrade {
void write_foramen_shares(const std::filesystem::path& path, const std::vector<ForamenShare>& rows) {
  std::string csv = csv_line({"study_id", "level", "side", "grade", "share", "share_at_point"});
  for (const ForamenShare& row : rows) {
    csv += csv_line({row.study_id, std::string(level_name(row.level)), std::string(side_name(row.side)),
                     std::string(train_csv_word(row.severity)), fixed_decimals(row.share, 4),
                     fixed_decimals(row.share_at_point, 4)});
  }
  write_file_atomically(path, csv);
}

double foramen_share_auc(const std::vector<ForamenShare>& rows, Severity least, double ForamenShare::*share) {
  std::vector<double> worse, better;
  for (const ForamenShare& row : rows) (row.severity >= least ? worse : better).push_back(-(row.*share));
  return area_under_roc(worse, better).value_or(std::nan(""));
}

double foramen_share_error(const std::vector<ForamenShare>& rows) {
  double sum = 0;
  for (const ForamenShare& row : rows) sum += std::abs(row.share - row.share_at_point);
  return sum / static_cast<double>(rows.size());
}

}  // namespace lumbargrade
