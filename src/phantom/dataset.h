#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/finding.h"
#include "phantom/dicom_series.h"
#include "phantom/lesions.h"

namespace lumbargrade::phantom {

/// Raised whenever the same options give other studies: a run that was begun with another format is not continued,
/// since its studies would not belong together. tests/phantom/dataset_test.cpp holds what the present one draws.
inline constexpr int kDatasetFormat = 2;

/// How train_label_coordinates.csv differs from the true points, as people's points do; truth.json keeps the true ones.
struct CoordinateErrors {
  double noise_mm = 0;  ///< standard deviation along rows and columns
  double slips = 0;     ///< share of points on a neighbouring slice of their stack
  double missing = 0;   ///< share of points without a row
  double absent = 0;    ///< share of studies without any row
};

struct DatasetOptions {
  int studies = 0;
  std::uint64_t seed = 0;
  std::filesystem::path folder;
  int jobs = 1;
  ProtocolOptions protocol;
  PriorTable prevalence = challenge_prevalence();
  double label_noise = 0;  ///< share of grades moved to a neighbouring one in train.csv
  CoordinateErrors coordinates;
  VendorQuirks quirks = VendorQuirks::None;
  bool labels = false;  ///< also write the label volumes
  bool resume = false;
};

/// The columns of train.csv after study_id in the challenge's order: canal, left and right foraminal, left and right
/// subarticular, each from the head down.
std::vector<Finding> train_csv_columns();

/// Writes a data set in the challenge's layout (docs/sources.md) with `truth.json` beside its tables.
///
/// Every study depends on the seed and its own number only, so that the bytes are the same for any number of jobs, and
/// study k of a small data set is study k of a large one. A study is made in a hidden folder and appears in
/// `train_images` when it is complete; the tables are written at the end from the finished studies, one study in memory
/// at a time. Throws Error(Usage) for impossible options and for a folder that holds something else.
void write_dataset(const DatasetOptions& options);

}  // namespace lumbargrade::phantom
