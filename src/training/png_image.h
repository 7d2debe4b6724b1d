#pragma once

#include <filesystem>
#include <opencv2/core.hpp>

namespace lumbargrade {

/// Reads a PNG as 8-bit grey. Throws Error (Failure) naming the file when it cannot be read. (libpng itself rather
/// than OpenCV's imgcodecs, which would bring a hundred shared libraries into the process.)
cv::Mat1b read_grey_png(const std::filesystem::path& path);

}  // namespace lumbargrade
