#pragma once

#include <filesystem>
#include <memory>

#include "bundle/bundle.h"
#include "network/int8_unet.h"

namespace lumbargrade {

/// Bytes round: where the mean difference of an output from its golden tensor is larger, the ranges do not fit the
/// network. Those of the shipped bundle give .0005 to .001.
inline constexpr double kInt8Tolerance = 0.005;

/// The mean difference between the golden outputs and what `int8` gives, of the output that differs most. Errors as of
/// golden_difference.
double int8_golden_difference(const std::filesystem::path& folder, const NetworkSpec& spec, const Int8UNet& int8);

/// A U-Net of the bundle in `folder`, in bytes; it is prepared for inference on the way. Throws Error (BundleInvalid)
/// where it is none, its activation ranges do not fit it, or its golden outputs differ by more than kInt8Tolerance.
std::shared_ptr<const Int8UNet> int8_network(const std::filesystem::path& folder, const BundleNetwork& network);

}  // namespace lumbargrade
