#include "report/crop_sheet.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "pictures/png_file.h"

namespace lumbargrade {
namespace {

constexpr int kTilePx = 128;
constexpr int kGapPx = 4;
constexpr int kNamePx = 150;
constexpr int kTitlePx = 36;
constexpr int kCrossPx = 5;
constexpr double kFontScale = 0.45;
const cv::Scalar kWhite(255, 255, 255), kBlack(20, 20, 20), kGrey(150, 150, 150), kYellow(255, 220, 0);  // RGB

void write_text(cv::Mat& sheet, const std::string& words, cv::Point at, const cv::Scalar& colour = kBlack) {
  cv::putText(sheet, words, at, cv::FONT_HERSHEY_SIMPLEX, kFontScale, colour, 1, cv::LINE_AA);
}

cv::Mat tile_of(const Crop& crop, int slice) {
  const auto size = static_cast<size_t>(crop.size_px);
  const cv::Mat1b grey(crop.size_px, crop.size_px,
                       const_cast<std::uint8_t*>(crop.pixels.data()) + static_cast<size_t>(slice) * size * size);
  cv::Mat1b scaled;
  cv::resize(grey, scaled, {kTilePx, kTilePx}, 0, 0, cv::INTER_LINEAR);
  cv::Mat tile;
  cv::cvtColor(scaled, tile, cv::COLOR_GRAY2RGB);
  return tile;
}

void draw_crop(cv::Mat& sheet, const Crop& crop, int top) {
  for (int slice = 0; slice < crop.slices; ++slice) {
    const cv::Point corner(kNamePx + slice * (kTilePx + kGapPx), top);
    const cv::Rect place(corner, cv::Size(kTilePx, kTilePx));
    if (crop.slice_valid[static_cast<size_t>(slice)] == 0) {
      cv::line(sheet, corner, corner + cv::Point(kTilePx, kTilePx), kGrey);
      cv::line(sheet, corner + cv::Point(kTilePx, 0), corner + cv::Point(0, kTilePx), kGrey);
      continue;
    }
    tile_of(crop, slice).copyTo(sheet(place));
    if (slice != crop.slices / 2) continue;
    const cv::Point middle = corner + cv::Point(kTilePx / 2, kTilePx / 2);
    cv::drawMarker(sheet, middle, kYellow, cv::MARKER_CROSS, 2 * kCrossPx);
  }
}

}  // namespace

void write_crop_sheet(const std::filesystem::path& path, const std::string& title, const std::vector<SheetRow>& rows) {
  int slices = 1;
  for (const SheetRow& row : rows) slices = std::max(slices, row.crop ? row.crop->slices : 1);
  int below = 0;
  const int title_px = cv::getTextSize(title, cv::FONT_HERSHEY_SIMPLEX, kFontScale, 1, &below).width + 16;
  const int rows_px = static_cast<int>(rows.size()) * (kTilePx + kGapPx);
  const int columns_px = kNamePx + slices * (kTilePx + kGapPx);
  cv::Mat sheet(kTitlePx + rows_px, std::max(title_px, columns_px), CV_8UC3, kWhite);
  write_text(sheet, title, {8, 24});
  int top = kTitlePx;
  for (const SheetRow& row : rows) {
    write_text(sheet, row.name, {8, top + kTilePx / 2});
    if (row.crop) {
      draw_crop(sheet, *row.crop, top);
    } else {
      write_text(sheet, "not shown by the series", {kNamePx, top + kTilePx / 2}, kGrey);
    }
    top += kTilePx + kGapPx;
  }
  write_rgb_png(path, sheet);
}

}  // namespace lumbargrade
