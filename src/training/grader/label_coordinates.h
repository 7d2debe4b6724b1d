#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/finding.h"
#include "study/study.h"

namespace lumbargrade {

/// Where the data set says that a finding is.
struct LabelledPoint {
  std::optional<Vector3> point_patient;
  std::string reason;  ///< why the table's point cannot be used; empty where it can, or where the table has none
};

/// The challenge's `train_label_coordinates.csv`: one point per finding, in pixels of an instance.
class LabelCoordinates {
 public:
  /// The point of a finding. Not to be used: a point outside its image, or in an image that the study was loaded
  /// without.
  LabelledPoint locate(const Study& study, const Finding& finding) const;

 private:
  friend LabelCoordinates read_label_coordinates(const std::filesystem::path& path);

  struct Point {
    std::string series_id;
    int instance_number = 0;
    double column = 0;
    double row = 0;
  };
  std::map<std::pair<std::string, std::string>, Point> points_;  ///< by study id and finding key
};

/// The finding's key from the table's words, in both spellings.
std::string coordinate_key(const std::string& condition, const std::string& level);

/// Accepts both spellings in circulation ("Left Neural Foraminal Narrowing", "L1/L2" and
/// left_neural_foraminal_narrowing, l1_l2) and any order of columns. Rows of unknown conditions or levels are errors
/// (Usage) that name the line.
LabelCoordinates read_label_coordinates(const std::filesystem::path& path);

}  // namespace lumbargrade
