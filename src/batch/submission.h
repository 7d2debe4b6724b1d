#pragma once

#include <string>
#include <vector>

#include "batch/merge.h"
#include "core/prevalence.h"

namespace lumbargrade {

/// What a submission's probabilities are.
enum class SubmissionScale {
  /// Class probabilities times the metric's weights 1, 2, 4, normalised: the forecast that the weighted log loss
  /// rewards.
  Weighted,
  /// The calibrated probabilities as grades.csv has them.
  Calibrated,
};

/// Text of the challenge's submission file: header `row_id,normal_mild,moderate,severe`, one row for every row id.
/// A study without a result gets `prior`, and a line in `failures`.
struct Submission {
  std::string csv;
  std::vector<StudyFailure> failures;
};

/// `row_ids` in the order wanted; empty: every study of the shards, sorted by id, 25 rows each. `listed_ids` are
/// studies that must be in it though no folder of theirs was found. Throws Error (Usage) for a row id that is none.
struct SubmissionRows {
  std::vector<std::string> row_ids;
  std::vector<std::string> listed_ids;
};

Submission make_submission(const ShardSet& shards, const SubmissionRows& rows, const PriorTable& prior,
                           SubmissionScale scale);

}  // namespace lumbargrade
