#include "pictures/png_file.h"

#include <png.h>

#include <string>

#include "core/atomic_file.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr png_uint_32 kMaximumSide = 16384;

/// Frees libpng's state on every way out.
struct PngReader {
  png_image image{};
  PngReader() { image.version = PNG_IMAGE_VERSION; }
  ~PngReader() { png_image_free(&image); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
};

std::string encoded_png(const cv::Mat& pixels, png_uint_32 format) {
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(pixels.cols);
  header.height = static_cast<png_uint_32>(pixels.rows);
  header.format = format;
  header.flags = PNG_IMAGE_FLAG_FAST;  // a page's pictures in a tenth of the time, by a third larger
  std::string bytes(PNG_IMAGE_PNG_SIZE_MAX(header), '\0');
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&header, bytes.data(), &size, 0, pixels.data, static_cast<png_int_32>(pixels.step),
                                nullptr) == 0) {
    throw Error(ErrorKind::Failure, text("cannot encode a picture of ", pixels.cols, " x ", pixels.rows,
                                         " pixels as PNG: ", header.message));
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

cv::Mat1b read_grey_png(const std::filesystem::path& path) {
  PngReader reader;
  if (png_image_begin_read_from_file(&reader.image, path.c_str()) == 0) {
    throw Error(ErrorKind::Failure, text("cannot read PNG ", path.string(), ": ", reader.image.message));
  }
  if (reader.image.width > kMaximumSide || reader.image.height > kMaximumSide) {
    throw Error(ErrorKind::Failure, text("PNG ", path.string(), " claims ", reader.image.width, " x ",
                                         reader.image.height, " pixels; at most ", kMaximumSide, " a side are read"));
  }
  reader.image.format = PNG_FORMAT_GRAY;
  cv::Mat1b grey(static_cast<int>(reader.image.height), static_cast<int>(reader.image.width));
  if (png_image_finish_read(&reader.image, nullptr, grey.data, static_cast<png_int_32>(grey.step), nullptr) == 0) {
    throw Error(ErrorKind::Failure, text("cannot decode PNG ", path.string(), ": ", reader.image.message));
  }
  return grey;
}

std::string encode_rgb_png(const cv::Mat& rgb) {
  return encoded_png(rgb, PNG_FORMAT_RGB);
}

void write_grey_png(const std::filesystem::path& path, const cv::Mat1b& grey) {
  write_file_atomically(path, encoded_png(grey, PNG_FORMAT_GRAY));
}

void write_rgb_png(const std::filesystem::path& path, const cv::Mat& rgb) {
  write_file_atomically(path, encode_rgb_png(rgb));
}

}  // namespace lumbargrade
