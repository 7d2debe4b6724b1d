#include "pipeline/precision_name.h"

#include <algorithm>

#include "core/processor.h"
#include "pipeline/device_name.h"

namespace lumbargrade {
namespace {

/// "auto" may mean a GPU where there is a driver.
bool is_cpu(const std::string& device) {
  return device == "cpu" || (device == "auto" && !has_gpu_driver());
}

bool has_ranges(const Manifest& manifest) {
  return std::any_of(manifest.networks.begin(), manifest.networks.end(),
                     [](const NetworkSpec& network) { return !network.activation_ranges.empty(); });
}

}  // namespace

std::string resolved_precision(const std::string& wanted, const std::string& device, const Manifest& manifest) {
  if (wanted != kAutoPrecision) return wanted;
  const bool in_bytes =
      LUMBARGRADE_INT8_CONVOLUTIONS && sums_products_of_bytes() && is_cpu(device) && has_ranges(manifest);
  return in_bytes ? "int8" : "float32";
}

}  // namespace lumbargrade
