#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "bundle/manifest.h"

namespace lumbargrade {

/// All networks of a bundle have at most so many together, 8 GB in float32: place-2 has 1.5e9 on five folds.
inline constexpr double kMaxBundleWeights = 2e9;

/// What can be checked before a network is built, so that a hostile manifest costs nothing: the names of inputs and
/// outputs and the number of classes are those of the architecture, and the weights' file (its header is read) holds at
/// least what the parameters ask for; all weights together stay within bounds. Error (BundleInvalid) that names the
/// claim.
void check_claims(const std::filesystem::path& folder, const Manifest& manifest);

/// One thing that `model verify` looked at.
struct BundleCheck {
  std::string what;  ///< "locator: golden output"
  bool passed = false;
  std::string detail;  ///< a figure, or why it failed
};

/// Checks the bundle in `folder`, in this order: manifest; what check_claims and `check_runs` (throws Error where the
/// program would not run what the manifest declares) say of it; per network: SHA-256 of its files, tensors against the
/// architecture, golden input gives golden output within the tolerance. Each check is handed to `report` as soon as it
/// is known; what depends on a failed one is left out. True when all passed.
bool verify_bundle(
    const std::filesystem::path& folder, const std::function<void(const BundleCheck&)>& report,
    const std::function<void(const Manifest&)>& check_runs = [](const Manifest&) {});

}  // namespace lumbargrade
