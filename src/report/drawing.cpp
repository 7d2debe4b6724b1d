#include "report/drawing.h"

#include <opencv2/imgproc.hpp>

#include "report/printable_ascii.h"

namespace lumbargrade {

cv::Size text_size(const std::string& words, double scale) {
  int below = 0;
  return cv::getTextSize(words, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &below);
}

void write(cv::Mat& sheet, const std::string& words, cv::Point at, double scale, const cv::Scalar& colour) {
  cv::putText(sheet, printable_ascii(words), at, cv::FONT_HERSHEY_SIMPLEX, scale, colour, 1, cv::LINE_AA);
}

void write_plate(cv::Mat& picture, const std::string& words, cv::Point at, const std::optional<cv::Scalar>& colour) {
  const cv::Size size = text_size(words, kPlateScale);
  const cv::Rect plate =
      cv::Rect(at.x - 3, at.y - size.height - 4, size.width + 6, size.height + 9) & cv::Rect({0, 0}, picture.size());
  picture(plate) *= 0.2;
  write(picture, words, at, kPlateScale, kPaper);
  if (colour) cv::rectangle(picture, cv::Rect(plate.x - 5, plate.y, 5, plate.height), *colour, cv::FILLED);
}

}  // namespace lumbargrade
