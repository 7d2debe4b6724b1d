#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/grade_study.h"
#include "training/calibration/foramen_fit.h"
#include "training/calibration/foramen_share.h"

namespace lumbargrade {

/// The area beside the sac on axial T2 of one recess of a data set, with the data set's grade.
struct RecessAreaRow {
  std::string study_id;
  Level level = Level::L1L2;
  Side side = Side::Left;
  Severity severity{};
  double area_mm2 = 0;
  std::optional<double> usual_area_mm2;  ///< of the patient's recesses
};

/// What was measured at the graded findings of a data set.
struct GradedMeasures {
  std::vector<ForamenShare> foramina;
  std::vector<RecessAreaRow> recesses;  ///< of studies with axial T2
};

/// What was located, by study: two passes over a data set locate once.
using KnownSpines = std::map<std::string, Spine>;

/// What is seen around every graded foramen of a data set, with its point there.
std::vector<KnownForamen> read_known_foramina(const std::filesystem::path& data, const Grader& grader,
                                              KnownSpines& spines);

/// Measures every recess on axial T2 and every foramen of a data set in the challenge's layout (TrainingFolder, with
/// train_label_coordinates.csv) that has a grade and a point, where `grader` finds the level: its foramen lies within
/// 15 mm of the data set's point in the level's sagittal plane. A study that cannot be read or located is told on the
/// log and left out. Throws Error (Usage) where the data set lacks its tables.
GradedMeasures measure_graded_studies(const std::filesystem::path& data, const Grader& grader, KnownSpines& spines);

/// study_id, level, side, grade (severity_key), area_mm2, usual_area_mm2.
void write_recess_areas(const std::filesystem::path& path, const std::vector<RecessAreaRow>& rows);

}  // namespace lumbargrade
