#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>

#include "training/grader/trained_ensemble.h"

namespace lumbargrade {

/// Probabilities of the findings of the studies that were held out, by study.
using OutOfFold = std::map<int, std::array<std::optional<Probabilities>, kFindingCount>>;

/// Fits every condition's temperature, prior and weight on what its networks, or the second stage, said of findings
/// that they had not seen, and returns what they say with it.
OutOfFold calibrate_conditions(const GraderTrainingOptions& training, const GraderData& data, TrainedEnsemble& graders);

/// Writes out_of_fold.csv, as submitted to the challenge, and out_of_fold_labels.csv. Only findings that a network saw
/// are labelled there, so that the two files belong together.
void write_out_of_fold(const std::filesystem::path& folder, const GraderData& data, const OutOfFold& all);

}  // namespace lumbargrade
