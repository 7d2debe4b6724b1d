#pragma once

#include <filesystem>
#include <vector>

#include "pipeline/grade_study.h"
#include "training/calibration/foramen_share.h"

namespace lumbargrade {

/// Measures every foramen of a data set in the challenge's layout (TrainingFolder, with train_label_coordinates.csv)
/// that has a grade and a point, where `grader` finds the level: its foramen lies within 15 mm of the data set's point
/// in the level's sagittal plane. A study that cannot be read or located is told on the log and left out. Throws Error
/// (Usage) where the data set lacks its tables.
std::vector<ForamenShare> measure_foramen_shares(const std::filesystem::path& data, const Grader& grader);

}  // namespace lumbargrade
