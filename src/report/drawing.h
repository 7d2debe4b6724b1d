#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <string>

namespace lumbargrade {

/// Colours (RGB) of words and paper in pictures.
inline const cv::Scalar kInk(28, 28, 28), kPale(105, 105, 105), kPaper(255, 255, 255);

/// Size of words as `write` draws them.
cv::Size text_size(const std::string& words, double scale);

/// Draws words, characters outside ASCII as '?', with `at` at the left end of their base line.
void write(cv::Mat& sheet, const std::string& words, cv::Point at, double scale, const cv::Scalar& colour = kInk);

inline constexpr double kPlateScale = 0.42;

/// White words on a dark plate, legible on any image; a colour stands as a strip before them.
void write_plate(cv::Mat& picture, const std::string& words, cv::Point at,
                 const std::optional<cv::Scalar>& colour = std::nullopt);

}  // namespace lumbargrade
