#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/finding.h"
#include "training/grader/crop_file.h"
#include "training/grader/grader_recipe.h"
#include "training/grader/training_set.h"

namespace lumbargrade {

/// A data set in the challenge's layout, see TrainingFolder.
struct GraderDataOptions {
  std::filesystem::path data;
  std::filesystem::path unlabelled;  ///< more studies, without labels, for pseudo-labels; may be empty
  std::filesystem::path cache;  ///< folder for the cut crops; used again when nothing that decides them has changed
  std::string base_bundle;      ///< its locator finds the levels; empty: the shipped one
  /// Of the labelled studies, by networks such as those of the base bundle: see StudySource; may be empty.
  std::filesystem::path out_of_fold_points;
  int threads = 2;

  /// Of the base bundle.
  std::filesystem::path base_folder() const;
};

/// A finding by study and place in all_findings().
using FindingKey = std::pair<int, size_t>;

/// What a crop is centred on.
enum class CropPoint {
  Given,      ///< the data set's coordinates
  Predicted,  ///< what `grade` finds
};
inline constexpr std::array<CropPoint, 2> kCropPoints = {CropPoint::Given, CropPoint::Predicted};

const char* name_of(CropPoint point);  ///< "given", "predicted"

/// A finding, and its label where there is one.
struct LabelledFinding {
  size_t finding = 0;                ///< index into all_findings()
  std::optional<Severity> severity;  ///< always empty in unlabelled data

  bool operator==(const LabelledFinding&) const = default;
};

/// A region of a study that a network sees, with a label of at least one of its findings (of unlabelled data: any).
/// Which crops there are tells what can be learned and measured: without a predicted crop `grade` answers no network,
/// whatever the data set's coordinates allow to learn.
struct GraderSample {
  int study = 0;                          ///< index into GraderData::study_ids
  std::vector<LabelledFinding> findings;  ///< by condition of the network
  std::optional<size_t> given = {};       ///< its record in NetworkData::given
  std::optional<size_t> predicted = {};   ///< and in NetworkData::predicted
  double confidence = 0;                  ///< of its level, by which `grade` mixes with the prior; 0: not found
  /// The predicted point lies at another level than the given one: the label is not of what that crop shows. It is
  /// measured by, as `grade` would be, but not learned from.
  bool is_misnamed = false;

  const std::optional<size_t>& record(CropPoint point) const { return point == CropPoint::Given ? given : predicted; }
  bool has_crop() const { return given || predicted; }
  bool is_learned_on(CropPoint point) const { return record(point) && (point == CropPoint::Given || !is_misnamed); }
};

/// How far a predicted point lies from the given one, along the crop's columns, rows and slices.
struct PointOffset {
  double column_mm = 0;
  double row_mm = 0;
  int slices = 0;
};

/// How far predicted points lie from given ones.
struct PointError {
  double in_plane_mm = 0;  ///< SD along rows and columns, from the median of absolute offsets: not of the far ones
  int slices = 0;          ///< 95 of 100 offsets are at most this
  int count = 0;
};

/// Error of points that are off by `offsets`; nothing without any.
std::optional<PointError> point_error_of(const std::vector<PointOffset>& offsets);

/// What one network of a recipe learns from.
struct NetworkData {
  std::vector<GraderSample> samples;  ///< ordered by study, then by region
  std::vector<CropFile> given;        ///< by view in the recipe's order; records of the samples that have one
  std::vector<CropFile> predicted;
  /// By view: of predicted against given points where a network predicts them, else none. They decide the jitter.
  std::vector<std::optional<PointError>> learned_point_errors;

  const std::vector<CropFile>& crops(CropPoint point) const { return point == CropPoint::Given ? given : predicted; }
};

struct GraderData {
  std::vector<std::string> study_ids;
  std::vector<NetworkData> networks;  ///< in the recipe's order
  std::string fingerprint;            ///< of everything that the crops and their labels are
};

/// Room around crops for the recipe's augmentation.
CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation);

/// Reads every labelled study, finds its levels, cuts the crops of the recipe's networks into the cache and maps them.
/// Several processes may do so at once in one cache: one cuts, the others wait. Studies and findings without a crop are
/// counted and listed in `skipped.csv`; coordinates that cannot be used are in `misplaced.csv`. Throws Error (Usage)
/// when the data set lacks its tables or images.
GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options);

/// The same for `options.unlabelled`: every finding of every study, on predicted points.
GraderData load_unlabelled_data(const GraderRecipe& recipe, const GraderDataOptions& options);

/// The labels that networks learn from or are measured by.
std::map<FindingKey, Severity> labels_of(const GraderData& data);

}  // namespace lumbargrade
