#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/finding.h"
#include "pipeline/grade_study.h"

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

/// Measures every foramen of a data set in the challenge's layout (TrainingFolder, with train_label_coordinates.csv)
/// that has a grade and a point, where `grader` finds the level: its foramen lies within 15 mm of the data set's point
/// in the level's sagittal plane. A study that cannot be read or located is told on the log and left out. Throws Error
/// (Usage) where the data set lacks its tables.
std::vector<ForamenShare> measure_foramen_shares(const std::filesystem::path& data, const Grader& grader);

/// study_id, level, side, grade (the challenge's word), share, share_at_point.
void write_foramen_shares(const std::filesystem::path& path, const std::vector<ForamenShare>& rows);

/// How well the share's smallness tells grades of `least` or worse: area under the ROC curve; NaN where all or none
/// are. At the data set's points, or at the locator's.
double foramen_share_auc(const std::vector<ForamenShare>& rows, Severity least, double ForamenShare::*share);

/// Mean absolute change of the share by the locator's points.
double foramen_share_error(const std::vector<ForamenShare>& rows);

}  // namespace lumbargrade
