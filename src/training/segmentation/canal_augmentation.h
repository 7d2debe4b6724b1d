#pragma once

#include <opencv2/core.hpp>
#include <random>
#include <vector>

#include "levels/canal_outline.h"

namespace lumbargrade {

/// Size of a training crop, pixels of kOutlinePixelMm.
inline constexpr int kOutlineCropPx = 128;

/// One study's strip with its labels.
struct LabelledStrip {
  std::string study_id;
  CanalStrip strip;
  std::vector<cv::Mat1f> canal;            ///< per slice, 0..1, on the strip's pixels
  std::vector<cv::Point2d> disc_edges_px;  ///< of the five discs, on the strip's pixels
  std::vector<double> diameters_px;        ///< of the labelled canal at these discs
  int middle_slice = 0;                    ///< the one that shows most canal
};

/// One training example.
struct OutlineCrop {
  OutlineInput input;
  cv::Mat1f canal;
};

/// A crop near a random disc of a random slice, mostly near a narrow one and in the middle: turned, scaled, bent,
/// sometimes of a thicker slice; contrast, saturation, bias field, sharpness and noise changed. Mildly, for T2; now and
/// then with a dark canal, as on T1.
OutlineCrop augmented_outline_crop(const LabelledStrip& study, std::mt19937_64& random);

}  // namespace lumbargrade
