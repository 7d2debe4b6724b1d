#pragma once

#include <opencv2/core.hpp>

namespace lumbargrade {

/// What the locator's network says of one canonical slice: probabilities, 0..1.
/// The fine maps have `kLocatorPixelMm` pixels, the coarse ones twice that; pixel (0, 0) of a coarse map lies at fine
/// pixel (0.5, 0.5). The network gives both kinds in this order, the fine ones after the background.
struct LocatorMaps {
  cv::Mat1f disc;      ///< fine
  cv::Mat1f vertebra;  ///< fine; bodies, without the sacrum
  cv::Mat1f canal;     ///< fine
  cv::Mat1f l5s1;      ///< coarse: the L5/S1 disc
  cv::Mat1f s1;        ///< coarse: a spot in the middle of S1
  cv::Mat1f centre;    ///< coarse: a spot on every disc's centre
};

}  // namespace lumbargrade
