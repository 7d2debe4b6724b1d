#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"
#include "crops/crop.h"
#include "grades/grading.h"
#include "training/grader_recipe.h"

namespace lumbargrade {

/// Where crops of training studies are centred.
enum class TrainingPoints {
  Given,      ///< on the coordinates of the data set where it has them, else as predicted
  Predicted,  ///< on the locator's points, as at inference
};

/// A data set in the challenge's layout: `train_images/<study>/`, `train.csv`, and where present
/// `train_series_descriptions.csv` and `train_label_coordinates.csv`.
struct GraderDataOptions {
  std::filesystem::path data;
  std::filesystem::path cache;  ///< folder for the cut crops; used again when nothing that decides them has changed
  std::string base_bundle;      ///< its locator finds the levels; empty: the shipped one
  TrainingPoints points = TrainingPoints::Given;
  int threads = 2;
};

/// One labelled finding whose first view could be cut.
struct GraderSample {
  int study = 0;       ///< index into GraderData::study_ids
  size_t finding = 0;  ///< index into all_findings()
  Severity severity{};
  std::optional<MeasuredGrade> measured;  ///< what the base bundle's measure says of it, with the locator's points
};

/// A file mapped into memory for reading.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const std::uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// The crops of one view of all samples, with their margins.
class CropFile {
 public:
  CropFile(const std::filesystem::path& path, const View& view, const CropMargin& margin);

  int slices() const { return view_.slices + 2 * margin_.slices; }
  int size_px() const { return view_.size_px + 2 * margin_.pixels; }
  size_t record_bytes() const;
  size_t count() const { return file_.size() / record_bytes(); }
  const View& view() const { return view_; }
  const CropMargin& margin() const { return margin_; }

  const std::uint8_t* slice(size_t sample, int slice) const;  ///< size_px x size_px
  bool is_valid(size_t sample, int slice) const;

 private:
  View view_;
  CropMargin margin_;
  MappedFile file_;
};

/// What one network of a recipe learns from.
struct NetworkData {
  std::vector<GraderSample> samples;  ///< ordered by study, then by finding
  std::vector<CropFile> views;        ///< in the recipe's order, one record per sample
};

struct GraderData {
  std::vector<std::string> study_ids;
  std::vector<NetworkData> networks;  ///< in the recipe's order
  int labelled_findings = 0;          ///< labels of the recipe's conditions
  int skipped_findings = 0;           ///< of them, those without a crop: `skipped.csv` in the cache says why
};

/// Room around crops for the recipe's augmentation.
CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation);

/// Reads every study, finds its levels, cuts the crops of the recipe's networks into the cache and maps them. Studies
/// that cannot be used are told, listed in `skipped.csv` and left out. Throws Error (Usage) when the data set lacks its
/// tables or images, or nothing is left.
GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options);

}  // namespace lumbargrade
