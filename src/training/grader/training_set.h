#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "metric/cases.h"

namespace lumbargrade {

/// A finding, or a whole study, that cannot be learned from or not as the data set meant it.
struct DataProblem {
  std::string study_id;
  std::string finding;  ///< finding_key; empty: the whole study
  std::string reason;
};

/// Writes a table of them: skipped.csv, misplaced.csv.
void write_problems(const std::filesystem::path& path, const std::vector<DataProblem>& problems);

/// What a file of ours holds, such as a cache's index; null where it is not there or is no JSON.
nlohmann::json stored_json(const std::filesystem::path& file);

/// A folder in the challenge's layout: `train_images/<study>/<series>/` (or `test_images`), `train.csv`, and where
/// present `train_series_descriptions.csv` (`test_…`) and `train_label_coordinates.csv`.
class TrainingFolder {
 public:
  explicit TrainingFolder(std::filesystem::path root);

  std::filesystem::path labels() const { return root_ / "train.csv"; }
  std::filesystem::path images() const { return root_ / (part_ + "_images"); }
  std::filesystem::path images(const std::string& study_id) const { return images() / study_id; }
  std::filesystem::path series() const { return root_ / (part_ + "_series_descriptions.csv"); }
  std::filesystem::path coordinates() const { return root_ / "train_label_coordinates.csv"; }
  const std::filesystem::path& root() const { return root_; }

 private:
  std::filesystem::path root_;
  std::string part_;  ///< "train" or "test"
};

/// The studies of a data set that can be learned from.
struct TrainingSet {
  Truth studies;                      ///< by id as in the table; of unlabelled ones by name, without labels
  std::vector<DataProblem> problems;  ///< labels without images and images without labels
};

/// Labelled studies with images. Throws Error (Usage) where there are none.
TrainingSet labelled_studies(const TrainingFolder& folder);

/// All studies with images, whatever is known of them.
TrainingSet unlabelled_studies(const TrainingFolder& folder);

}  // namespace lumbargrade
