#pragma once

#include <opencv2/core.hpp>

#include "volume/volume.h"

namespace lumbargrade {

/// Pixel size of everything the locator sees.
inline constexpr double kLocatorPixelMm = 0.6;

/// Grey values are clipped to these quantiles of the slice.
inline constexpr double kLocatorLowQuantile = 0.005;
inline constexpr double kLocatorHighQuantile = 0.99;

/// One sagittal slice in the locator's canonical view: the column index grows to the back (posterior), the row index
/// to the feet, pixels are square.
struct SliceImage {
  cv::Mat1f pixels;
  double pixel_mm = kLocatorPixelMm;
  /// Maps (column, row, 0) of `pixels` to patient space, mm.
  Affine patient_from_pixel = Affine::Identity();
};

/// A map from canonical pixels to a slice's own pixels, both 2-D, and the size that shows the whole slice.
struct CanonicalView {
  cv::Size size;
  double pixel_mm = kLocatorPixelMm;
  cv::Matx23d index_from_pixel;
};

/// The canonical view of slices with this geometry, whatever the order and direction of their rows and columns: the
/// in-plane axis nearest to patient +y becomes the column axis, the other the row axis, both signed.
CanonicalView canonical_view(const Affine& patient_from_index, int columns, int rows,
                             double pixel_mm = kLocatorPixelMm);

/// Slice `slice` of a sagittal volume, interpolated linearly (after a blur where it is shrunk); outside: the minimum.
SliceImage canonical_slice(const Volume& sagittal, int slice, double pixel_mm = kLocatorPixelMm);

/// Resamples any image on the slice's own grid, such as a mask, into the view; outside: zero.
cv::Mat resample(const cv::Mat& image_on_grid, const CanonicalView& view, double border_value = 0);

/// Clips to the 0.5 and 99 percentiles and scales to mean 0 and standard deviation 1: the network's input.
cv::Mat1f normalised(const cv::Mat1f& pixels);

}  // namespace lumbargrade
