#include "grades/otsu.h"

#include <opencv2/imgproc.hpp>

namespace lumbargrade {

double otsu_threshold(const std::vector<std::uint8_t>& values) {
  cv::Mat ignored;
  return cv::threshold(cv::Mat(values), ignored, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
}

}  // namespace lumbargrade
