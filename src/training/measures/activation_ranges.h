#pragma once

#include <filesystem>

#include "bundle/manifest.h"

namespace lumbargrade {

/// Measures between which values the outputs of the layers of a bundle's U-Nets lie (NetworkSpec::activation_ranges),
/// and puts that into `manifest`: on the sagittal slices of the data set `data` (LocatorDataset) and, where
/// `unlabelled` is not empty, its images (load_unlabelled). Throws Error as LocatorDataset does, (Failure) where no
/// spine is found for a network to look at.
void measure_activation_ranges(const std::filesystem::path& bundle, const std::filesystem::path& data,
                               const std::filesystem::path& unlabelled, Manifest& manifest);

}  // namespace lumbargrade
