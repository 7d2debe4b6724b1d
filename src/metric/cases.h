#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// The true grade of one finding and how much it weighs.
struct Label {
  Severity severity = Severity::NormalMild;
  double weight = 1;
};

/// What is known of one study; findings in the order of all_findings(), empty where they were not labelled.
struct StudyLabels {
  std::string study_id;
  std::array<std::optional<Label>, kFindingCount> labels;
};
using Truth = std::vector<StudyLabels>;

/// The challenge's weights: 1 for normal or mild, 2 for moderate, 4 for severe.
double challenge_weight(Severity severity);
std::array<double, kSeverityCount> challenge_weights();  ///< by index_of(Severity)

/// The challenge's word in train.csv: "Normal/Mild", "Moderate" or "Severe".
std::string_view train_csv_word(Severity severity);

/// Reads the challenge's `train.csv` (study_id and 25 columns of Normal/Mild, Moderate, Severe or nothing) or a
/// `solution.csv` (row_id, normal_mild, moderate, severe as 0 or 1, optionally sample_weight). Other columns are
/// ignored. Error (Usage) naming file, line and reason: missing column, unknown grade or row, repeated study or row.
Truth read_truth(const std::filesystem::path& path);

/// One finding of one study with what was predicted for it.
struct ScoredCase {
  Label label;
  Probabilities submitted{};      ///< as they stand in the file, clipped to [eps, 1 - eps]
  Probabilities probabilities{};  ///< clipped and divided by their sum, as the metric does
};

struct ScoredStudy {
  std::string study_id;
  std::array<std::optional<ScoredCase>, kFindingCount> cases;  ///< empty where there is no label
};

/// Reads a submission (row_id, normal_mild, moderate, severe), or a grades.csv (study_id, condition, side, level and
/// the same three among its columns), and puts it beside the truth. Rows of findings that the truth leaves unlabelled
/// are read and left out, as in the challenge. Error (Usage) naming file, line and reason: a column missing or too
/// many, a value that is no number, not finite or negative, a row of zeros, a row repeated, missing or of a study that
/// the truth does not hold.
std::vector<ScoredStudy> read_submission(const std::filesystem::path& path, const Truth& truth);

}  // namespace lumbargrade
