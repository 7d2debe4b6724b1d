#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "levels/locate.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {

class LocatorNetwork;

/// One level of one held-out study against its truth; distances in mm.
struct LevelFigure {
  std::string study_id;
  Level level = Level::L1L2;
  bool found = false;
  double disc_error_mm = 0;                    ///< in the sagittal plane, to the truth of the nearest slice
  std::optional<double> canal_point_error_mm;  ///< in the sagittal plane, to the labelled canal point
  std::optional<double> diameter_mm;
  std::optional<double> true_diameter_mm;
  std::optional<double> ratio;
  std::optional<double> true_ratio;
  double confidence = 0;
};

/// The study's spine; one without levels where none is found.
Spine spine_of(const LabelledStudy& study, const LocatorNetwork& network);

/// Five rows for one study: levels that are not found count as missed.
std::vector<LevelFigure> evaluate_spine(const LabelledStudy& study, const Spine& spine);

/// What the rows say together.
struct LocatorFigures {
  int studies = 0;
  /// All five names within 10 mm of the labelled canal point (where there is none: of the disc centre).
  int studies_all_right = 0;
  double median_disc_error_mm = 0;
  double median_canal_point_error_mm = 0;
  double diameter_mean_absolute_error_mm = 0;
  double diameter_correlation = 0;
  double ratio_correlation = 0;
};

LocatorFigures summarise(const std::vector<LevelFigure>& rows);
std::string describe(const LocatorFigures& figures);
void write_figures(const std::filesystem::path& path, const std::vector<LevelFigure>& rows);
/// Reads back what write_figures wrote.
std::vector<LevelFigure> read_figures(const std::filesystem::path& path);

}  // namespace lumbargrade
