#pragma once

#include <filesystem>

namespace lumbargrade {

/// Makes the folder that `train locator` and `train canal` need (LocatorDataset) of a data set of `lumbargrade phantom
/// --labels`: `out` holds train_images (a link to the phantom's), masks (1 disc, 2 vertebra, 3 dural sac; of the
/// sagittal T2 series), disc_centres.csv, train_label_coordinates.csv (canal points), canal_measurements.csv, and in
/// midsagittal/ one T1 and one T2 slice of every study as a PNG, with midsagittal.csv beside it. For trying the
/// making of a bundle where no patients' data are at hand. Throws Error (Usage) where `out` exists or `phantom` has no
/// labels.
void write_phantom_masks(const std::filesystem::path& phantom, const std::filesystem::path& out);

}  // namespace lumbargrade
