#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace lumbargrade {

/// One thing that `model verify` looked at.
struct BundleCheck {
  std::string what;  ///< "locator: golden output"
  bool passed = false;
  std::string detail;  ///< a figure, or why it failed
};

/// Checks the bundle in `folder`, in this order: manifest; per network: SHA-256 of its files, tensors against the
/// architecture, golden input gives golden output within the tolerance. Each check is handed to `report` as soon as it
/// is known; what depends on a failed one is left out. True when all passed.
bool verify_bundle(const std::filesystem::path& folder, const std::function<void(const BundleCheck&)>& report);

}  // namespace lumbargrade
