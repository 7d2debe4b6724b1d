#pragma once

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "levels/locator_maps.h"
#include "levels/slice_image.h"

namespace lumbargrade {

/// A drawn spine whose truth is known: discs as bars, the canal as a band behind them.
struct SyntheticSpine {
  std::vector<cv::Point2d> discs_mm;  ///< from the head down; the last one is L5/S1 unless has_sacrum is false
  bool has_sacrum = true;
  double disc_depth_mm = 34;
  double disc_height_mm = 9;
  double canal_offset_mm = 28;  ///< from a disc's centre to the canal's middle
  double canal_diameter_mm = 14;
  std::vector<double> narrowing_mm;  ///< per disc, taken off the diameter over 6 mm of height

  /// Where the canal's middle is at a height.
  double canal_x_mm(double y_mm) const {
    size_t below = 1;
    while (below + 1 < discs_mm.size() && discs_mm[below].y < y_mm) ++below;
    const cv::Point2d a = discs_mm[below - 1];
    const cv::Point2d b = discs_mm[below];
    return a.x + (b.x - a.x) * (y_mm - a.y) / (b.y - a.y) + canal_offset_mm;
  }

  double diameter_mm(double y_mm) const {
    double diameter = canal_diameter_mm;
    for (size_t k = 0; k < narrowing_mm.size(); ++k) {
      if (std::abs(y_mm - discs_mm[k].y) <= 3) diameter -= narrowing_mm[k];
    }
    return diameter;
  }

  LocatorMaps draw(cv::Size size, double pixel_mm) const {
    LocatorMaps maps;
    for (auto member : {&LocatorMaps::disc, &LocatorMaps::vertebra, &LocatorMaps::canal}) {
      maps.*member = cv::Mat1f(size, 0.0F);
    }
    const cv::Size half((size.width + 1) / 2, (size.height + 1) / 2);
    for (auto member : {&LocatorMaps::l5s1, &LocatorMaps::s1, &LocatorMaps::centre}) {
      maps.*member = cv::Mat1f(half, 0.0F);
    }
    for (int row = 0; row < size.height; ++row) {
      for (int column = 0; column < size.width; ++column) {
        const cv::Point2d point(column * pixel_mm, row * pixel_mm);
        const double off_middle = std::abs(point.x - canal_x_mm(point.y));
        // A soft edge of one pixel, as partial volume makes it.
        const double inside = (diameter_mm(point.y) / 2 - off_middle) / pixel_mm + 0.5;
        if (point.y > discs_mm.front().y - 30 && point.y < discs_mm.back().y + 30) {
          maps.canal(row, column) = static_cast<float>(std::clamp(inside, 0.0, 1.0));
        }
        for (const cv::Point2d& disc : discs_mm) {
          const cv::Point2d offset = point - disc;
          if (std::abs(offset.x) <= disc_depth_mm / 2 && std::abs(offset.y) <= disc_height_mm / 2)
            maps.disc(row, column) = 1;
        }
      }
    }
    for (size_t k = 0; k < discs_mm.size(); ++k) {
      add_spot(maps.centre, discs_mm[k], 3.5, pixel_mm);
      if (has_sacrum && k + 1 == discs_mm.size()) {
        add_spot(maps.l5s1, discs_mm[k], 12, pixel_mm);
        add_spot(maps.s1, discs_mm[k] + cv::Point2d(0, 17), 6, pixel_mm);
      }
    }
    return maps;
  }

 private:
  static void add_spot(cv::Mat1f& map, cv::Point2d centre_mm, double sigma_mm, double pixel_mm) {
    for (int row = 0; row < map.rows; ++row) {
      for (int column = 0; column < map.cols; ++column) {
        const cv::Point2d point((2 * column + 0.5) * pixel_mm, (2 * row + 0.5) * pixel_mm);
        const double squared = std::pow(cv::norm(point - centre_mm) / sigma_mm, 2);
        map(row, column) = std::max(map(row, column), static_cast<float>(std::exp(-squared / 2)));
      }
    }
  }
};

/// Six discs (T12/L1 ... L5/S1) 34 mm apart on a gentle curve, in a view of 160 x 280 mm.
inline SyntheticSpine example_spine() {
  SyntheticSpine spine;
  for (int k = 0; k < 6; ++k) spine.discs_mm.emplace_back(60 + 0.5 * (k - 2.5) * (k - 2.5), 40 + 34 * k);
  return spine;
}

inline constexpr double kExamplePixelMm = 0.6;
inline cv::Size example_size() {
  return {267, 467};
}

}  // namespace lumbargrade
