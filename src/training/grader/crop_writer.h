#pragma once

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "training/grader/crop_extractor.h"

namespace lumbargrade {

/// Writes the records of studies, one after the other, beside the files that they become, so that a process that was
/// killed resumes at the last study that was kept.
class CropWriter {
 public:
  /// `files`: by network, kind of point and view, where the records will be. Resumes from `kept`, what state() was,
  /// where the records that it counts are there; null: from the first study.
  CropWriter(std::vector<std::array<std::vector<std::filesystem::path>, 2>> files, const GraderRecipe& recipe,
             const nlohmann::json& kept);

  size_t next_study() const { return next_study_; }
  void add(const CutStudy& study);

  /// All of it so far, after its records have left the process. Errors (Failure) where they cannot: the disk is full.
  nlohmann::json state();

  /// Gives the files their names, once all studies are there.
  void finish();

 private:
  struct Records {
    std::filesystem::path path;
    size_t bytes;          ///< of one
    size_t network, kind;  ///< whose, and on which kind of point
    std::ofstream file = {};

    std::filesystem::path partial() const { return path.string() + ".partial"; }
  };
  struct OfNetwork {
    std::array<size_t, 2> first_file{};  ///< by kind of point: of its views' in files_
    std::array<size_t, 2> counts{};
    nlohmann::json samples = nlohmann::json::array();
    nlohmann::json offsets = nlohmann::json::array();
  };

  bool resume(const nlohmann::json& kept);
  nlohmann::json add_records(OfNetwork& network, CropPoint point, const std::optional<CropRecords>& records);
  [[noreturn]] static void throw_full(const std::filesystem::path& path);

  std::vector<Records> files_;  ///< by network, kind of point and view
  std::vector<OfNetwork> networks_;
  nlohmann::json skipped_ = nlohmann::json::array();
  nlohmann::json misplaced_ = nlohmann::json::array();
  size_t next_study_ = 0;
};

}  // namespace lumbargrade
