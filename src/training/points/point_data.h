#pragma once

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "points/place_reading.h"
#include "training/grader/crop_file.h"

namespace lumbargrade {

/// In the order of training and of the bundle's networks.
inline constexpr std::array<Anchor, 3> kPointAnchors = {Anchor::Canal, Anchor::Foramen, Anchor::Recess};

/// A place in an image, as the challenge's tables have it.
struct ImagePlace {
  std::string series_id;
  int instance_number = 0;
  double column = 0;  ///< x, from 0 at the first pixel's centre
  double row = 0;     ///< y
};

/// Where a crop was cut out of its series.
struct CropSource {
  struct Slice {
    int instance_number = -1;  ///< -1: the data have no slice there
    double column = 0;         ///< image pixel at the middle of the crop
    double row = 0;
  };
  std::string series_id;
  std::vector<Slice> slices;
  /// Image pixels per pixel of the crop: columns and rows along its columns, then along its rows.
  std::array<double, 4> image_per_crop{};

  /// The place in the image nearest to a place of the crop; nothing where the data have no slice.
  std::optional<ImagePlace> image_place(const CropPlace& place, int size_px) const;
};

/// One point of one study whose usual place a series shows.
struct PointSample {
  int study = 0;                   ///< index into PointData::study_ids
  size_t finding = 0;              ///< index into all_findings()
  std::optional<CropPlace> given;  ///< where the data set says it is, in the stored crop
  CropSource source;
};

/// All points of one anchor, with one stored crop each.
struct AnchorData {
  std::vector<PointSample> samples;  ///< ordered by study
  CropFile crops;
};

struct PointData {
  std::vector<std::string> study_ids;
  std::vector<AnchorData> anchors;  ///< in the order of kPointAnchors
  std::string fingerprint;          ///< of everything that crops and coordinates are
};

struct PointDataOptions {
  std::filesystem::path data;   ///< in the challenge's layout (training/grader/training_set.h)
  std::filesystem::path cache;  ///< folder for the cut crops; used again when nothing that decides them has changed
  std::string bundle;           ///< its locator finds the levels; empty: the shipped one
  int threads = 1;
};

/// Room around a crop for augmentation.
CropMargin point_margin();

/// Whether a cache's index can be used as it stands: every sample is a point of its anchor and of one of so many
/// studies, and nothing is missing.
bool is_valid_point_index(const nlohmann::json& index, size_t studies);

/// Reads every study with images as `grade` does, finds its levels and cuts a crop around the usual place of every
/// point. What cannot be used is in the cache's `skipped.csv` (studies, with the reason) and `misplaced.csv`
/// (coordinates outside their image, in a series that is not used or not there, or far from the level of their name).
/// Error (Usage) without coordinates, or where none can be used.
PointData load_point_data(const PointDataOptions& options);

}  // namespace lumbargrade
