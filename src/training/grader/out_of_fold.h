#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "training/grader/held_out_grades.h"
#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// Probabilities of the labelled findings of the studies that were held out, by study.
using OutOfFold = std::map<int, std::array<std::optional<Probabilities>, kFindingCount>>;

/// Fits every condition's temperature, prior and weights on what `grade` would know of the labelled findings that were
/// held out, and returns what it would say with them. A finding that no network saw counts by its measure or the prior.
OutOfFold calibrate_conditions(const GraderTrainingOptions& training, const GraderData& data,
                               const std::vector<std::optional<HeldOutStudy>>& held_out, TrainedEnsemble& graders);

/// Writes out_of_fold.csv, as submitted to the challenge, and out_of_fold_labels.csv, and returns and tells the score
/// of the two; nothing where one of its parts has no label.
std::optional<double> write_out_of_fold(const std::filesystem::path& folder, const GraderData& data,
                                        const OutOfFold& all);

/// Frequencies as the challenge's metric rewards them: each times its weight, normalised, as `submission` does.
Probabilities as_submitted(Probabilities p);

}  // namespace lumbargrade
