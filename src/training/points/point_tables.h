#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "training/points/point_data.h"

namespace lumbargrade {

/// What networks said of one point of a study that they had not seen.
struct HeldOutPoint {
  int study = 0;
  size_t finding = 0;
  ReadPlace read;                  ///< in the stored crop
  std::optional<CropPlace> given;  ///< in the same
  std::optional<ImagePlace> image;
  CropPlace usual;  ///< the place that the level's frame tells, in the same
  double pixel_mm = 1;
};

/// `out_of_fold_points.csv`: study_id, series_id, instance_number, condition, level, x, y as in the challenge's
/// train_label_coordinates.csv, and confidence.
void write_out_of_fold_points(const std::filesystem::path& path, const PointData& data,
                              const std::vector<HeldOutPoint>& points);

/// `held_out_points.csv`: study_id, finding, slices (between the given point and the found one), in_plane_mm,
/// row_mm, column_mm (found less given, along the crop's axes), usual_slices, usual_in_plane_mm, confidence; only
/// points that the data set gives.
void write_held_out_points(const std::filesystem::path& path, const PointData& data,
                           const std::vector<HeldOutPoint>& points);

/// Of the points of one anchor that the data set gives.
struct PointFigures {
  int count = 0;
  double exact = 0;       ///< share in the given slice
  double within_one = 0;  ///< share at most one slice off
  double median_mm = 0;   ///< in the plane
};

PointFigures found_figures(const std::vector<HeldOutPoint>& points, Anchor anchor);
PointFigures usual_figures(const std::vector<HeldOutPoint>& points, Anchor anchor);
std::string describe(const PointFigures& figures);

}  // namespace lumbargrade
