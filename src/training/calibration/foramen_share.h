#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// The share of fat around one foramen of a data set (grades/foramen.h), with the data set's grade.
struct ForamenShare {
  std::string study_id;
  Level level = Level::L1L2;
  Side side = Side::Left;
  Severity severity{};
  double share = 0;           ///< at the point that the locator gives
  double share_at_point = 0;  ///< at the point that the data set gives
};

/// study_id, level, side, grade (the challenge's word), share, share_at_point.
void write_foramen_shares(const std::filesystem::path& path, const std::vector<ForamenShare>& rows);

/// How well the share's smallness tells grades of `least` or worse: area under the ROC curve; NaN where all or none
/// are. At the data set's points, or at the locator's.
double foramen_share_auc(const std::vector<ForamenShare>& rows, Severity least, double ForamenShare::*share);

/// Mean absolute change of the share by the locator's points.
double foramen_share_error(const std::vector<ForamenShare>& rows);

}  // namespace lumbargrade
