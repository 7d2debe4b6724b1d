#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace lumbargrade {

/// Everything that decides what `train measures` does.
struct MeasureTraining {
  std::filesystem::path bundle;  ///< whose measure models are fitted; it is not changed
  std::filesystem::path out;     ///< the bundle with the fitted models; new or empty
  std::vector<std::filesystem::path>
      held_out;                    ///< `out` folders of `train canal --fold` runs; empty: canal and recess stay
  std::filesystem::path foramina;  ///< data set with graded foramina and recesses; empty: their models stay
  std::filesystem::path named;     ///< table of discs named by hand (read_named_images); empty: naming and fluid stay
  std::filesystem::path mislabelled;  ///< those of `named` whose names are known to be wrong (read_named_images)
  std::filesystem::path ranges;       ///< see measure_activation_ranges; empty: ranges stay
  std::filesystem::path unlabelled;   ///< of the same
  std::filesystem::path card;         ///< see describe_from_card; empty: the bundle's description
  size_t fewest = 10;                 ///< measures a level, see MeasureAssumptions
};

/// Fits the measure models of a bundle on measures of patients that its networks had not seen, and writes the bundle
/// anew: networks as they were, models with source, figures and training data in the manifest, the tables that they
/// rest on in `out`/crossvalidation. Throws Error (Usage) when there is nothing to fit, (Failure) when `out` is not
/// empty or measures are too few.
void train_measures(const MeasureTraining& training);

}  // namespace lumbargrade
