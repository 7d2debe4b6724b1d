#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

namespace lumbargrade {

/// PNG by libpng itself rather than OpenCV's imgcodecs, which would bring a hundred shared libraries into the process.

/// Reads a PNG as 8-bit grey. Throws Error (Failure) naming the file when it cannot be read.
cv::Mat1b read_grey_png(const std::filesystem::path& path);

/// An 8-bit RGB picture (CV_8UC3, red first) as the bytes of a PNG file. Throws Error (Failure).
std::string encode_rgb_png(const cv::Mat& rgb);

/// Writes 8-bit grey values whole or not at all; read_grey_png gives the same back. Throws Error (Failure) naming the
/// file.
void write_grey_png(const std::filesystem::path& path, const cv::Mat1b& grey);

/// Writes an 8-bit RGB picture (CV_8UC3, red first) whole or not at all. Throws Error (Failure) naming the file.
void write_rgb_png(const std::filesystem::path& path, const cv::Mat& rgb);

}  // namespace lumbargrade
