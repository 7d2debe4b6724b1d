#pragma once

#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace lumbargrade {

/// The grey value up to which pixels are dark (Otsu 1979). At least one value.
inline double otsu_threshold(const std::vector<std::uint8_t>& values) {
  cv::Mat ignored;
  return cv::threshold(cv::Mat(values), ignored, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
}

}  // namespace lumbargrade
