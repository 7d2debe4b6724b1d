#include "training/png_image.h"

#include <png.h>

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

}  // namespace lumbargrade
