#pragma once

#include <nlohmann/json.hpp>

#include "training/grader/crop_extractor.h"
#include "training/grader/file_lock.h"
#include "training/grader/grader_data.h"

namespace lumbargrade {

/// The crops of a data set in a folder: a file of records per network, view and kind of point, and an index that says
/// what decided them. Files appear whole or not at all, so that a process that reads older ones keeps them.
class CropCache {
 public:
  /// Makes the folder and waits, with a message, until no other process cuts crops in it.
  CropCache(const GraderRecipe& recipe, std::filesystem::path folder);

  /// The index where the crops in the folder are what would be cut now: `decided_by` is the same, they have the room
  /// that the recipe needs, those of the first study, cut again, are equal, and nothing is damaged.
  std::optional<nlohmann::json> usable(const nlohmann::json& decided_by, const CropExtractor& extract,
                                       const Truth& studies) const;

  /// Cuts all studies side by side and writes files, tables of problems and index. Resumes where a process that was
  /// killed had come to.
  nlohmann::json cut(const nlohmann::json& decided_by, const CropExtractor& extract, const TrainingSet& set,
                     int threads) const;

  NetworkData network_data(const nlohmann::json& index, size_t network) const;

 private:
  std::vector<std::array<std::vector<std::filesystem::path>, 2>> record_paths() const;
  std::filesystem::path crops_path(size_t network, const View& view, CropPoint point) const;
  std::vector<CropFile> crop_files(const nlohmann::json& index, size_t network, CropPoint point) const;
  bool are_complete(const nlohmann::json& index) const;
  bool are_valid(const nlohmann::json& samples, const nlohmann::json& records, size_t studies) const;
  bool is_valid(const nlohmann::json& index, size_t studies) const;
  nlohmann::json kept_of(const nlohmann::json& begun, size_t studies) const;
  bool is_cut_alike(const CropExtractor& extract, const Truth& studies, const nlohmann::json& index) const;

  const GraderRecipe& recipe_;
  std::filesystem::path folder_;
  FileLock lock_;
};

/// Warns about what the index counts as skipped and misplaced, naming the tables.
void warn_about_problems(const nlohmann::json& index, const std::filesystem::path& cache);

}  // namespace lumbargrade
