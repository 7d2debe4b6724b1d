#pragma once

#include <map>
#include <string>

namespace lumbargrade {

/// The values between which a layer's output lies; 0 is among them.
struct ValueRange {
  double low = 0;
  double high = 0;

  bool operator==(const ValueRange&) const = default;
};

/// By layer, named as in LayerObserver (network/unet.h).
using ActivationRanges = std::map<std::string, ValueRange>;

}  // namespace lumbargrade
