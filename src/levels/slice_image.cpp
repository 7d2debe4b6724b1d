#include "levels/slice_image.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace lumbargrade {

CanonicalView canonical_view(const Affine& patient_from_index, int columns, int rows, double pixel_mm) {
  const std::array<Vector3, 2> along = {patient_from_index.linear().col(0).normalized(),
                                        patient_from_index.linear().col(1).normalized()};
  // In index space; 0: along its columns, 1: along its rows.
  const int column_axis = std::abs(along[0].y()) >= std::abs(along[1].y()) ? 0 : 1, row_axis = 1 - column_axis;
  const double column_sign = along[column_axis].y() >= 0 ? 1 : -1, row_sign = along[row_axis].z() <= 0 ? 1 : -1;
  const Vector3 spacing = spacing_mm(patient_from_index);
  const int extent[2] = {columns, rows};
  const double width_mm = extent[column_axis] * spacing[column_axis];
  const double height_mm = extent[row_axis] * spacing[row_axis];

  CanonicalView view;
  view.pixel_mm = pixel_mm;
  view.size = cv::Size(std::max(1, static_cast<int>(std::lround(width_mm / pixel_mm))),
                       std::max(1, static_cast<int>(std::lround(height_mm / pixel_mm))));
  view.index_from_pixel = cv::Matx23d::zeros();
  const double column_step = column_sign * pixel_mm / spacing[column_axis];
  const double row_step = row_sign * pixel_mm / spacing[row_axis];
  view.index_from_pixel(column_axis, 0) = column_step;
  view.index_from_pixel(row_axis, 1) = row_step;
  // The middle of the view is the middle of the slice.
  const double column_middle = (extent[column_axis] - 1) / 2.0;
  const double row_middle = (extent[row_axis] - 1) / 2.0;
  view.index_from_pixel(column_axis, 2) = column_middle - column_step * (view.size.width - 1) / 2.0;
  view.index_from_pixel(row_axis, 2) = row_middle - row_step * (view.size.height - 1) / 2.0;
  return view;
}

cv::Mat resample(const cv::Mat& image_on_grid, const CanonicalView& view, double border_value) {
  cv::Mat source = image_on_grid;
  const cv::Matx22d step = view.index_from_pixel.get_minor<2, 2>(0, 0);
  const double shrink =
      std::max(std::abs(step(0, 0)) + std::abs(step(0, 1)), std::abs(step(1, 0)) + std::abs(step(1, 1)));
  if (shrink > 1.3) cv::GaussianBlur(image_on_grid, source, {}, 0.4 * shrink);
  cv::Mat resampled;
  cv::warpAffine(source, resampled, cv::Mat(view.index_from_pixel), view.size, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                 cv::BORDER_CONSTANT, cv::Scalar::all(border_value));
  return resampled;
}

namespace {

/// The value below which `fraction` (0..1) of all pixels lie, without interpolation: they are counted in bins first, so
/// that only one bin's are put into order.
float pixel_quantile(const cv::Mat1f& pixels, double fraction) {
  constexpr int kBins = 1024;
  double least = 0, greatest = 0;
  cv::minMaxLoc(pixels, &least, &greatest);
  const auto low = static_cast<float>(least);
  const float bins_per_unit = greatest > least ? kBins / (static_cast<float>(greatest) - low) : 0;
  const auto bin_of = [&](float value) { return std::min(kBins - 1, static_cast<int>((value - low) * bins_per_unit)); };
  std::array<size_t, kBins> counts{};
  for (const float value : pixels) ++counts[static_cast<size_t>(bin_of(value))];
  auto rank = static_cast<size_t>(fraction * static_cast<double>(pixels.total() - 1));
  int bin = 0;
  while (rank >= counts[static_cast<size_t>(bin)]) rank -= counts[static_cast<size_t>(bin++)];
  std::vector<float> in_bin;
  in_bin.reserve(counts[static_cast<size_t>(bin)]);
  for (const float value : pixels) {
    if (bin_of(value) == bin) in_bin.push_back(value);
  }
  std::nth_element(in_bin.begin(), in_bin.begin() + static_cast<std::ptrdiff_t>(rank), in_bin.end());
  return in_bin[rank];
}

}  // namespace

SliceImage canonical_slice(const Volume& sagittal, int slice, double pixel_mm) {
  // OpenCV has no read-only view; the data is not written to.
  const cv::Mat1f grid(sagittal.rows, sagittal.columns, const_cast<float*>(sagittal.slice_data(slice)));
  double minimum = 0;
  cv::minMaxLoc(grid, &minimum);
  const CanonicalView view = canonical_view(sagittal.patient_from_index, sagittal.columns, sagittal.rows, pixel_mm);

  SliceImage image;
  image.pixel_mm = pixel_mm;
  image.pixels = resample(grid, view, minimum);
  Affine index_from_pixel = Affine::Identity();
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 2; ++column)
      index_from_pixel.linear()(row, column) = view.index_from_pixel(row, column);
    index_from_pixel.translation()[row] = view.index_from_pixel(row, 2);
  }
  Affine patient_from_slice = sagittal.patient_from_index;
  patient_from_slice.translation() = sagittal.slice_position_patient(slice);
  image.patient_from_pixel = patient_from_slice * index_from_pixel;
  return image;
}

cv::Mat1f normalised(const cv::Mat1f& pixels) {
  const float low = pixel_quantile(pixels, kLocatorLowQuantile);
  const float high = pixel_quantile(pixels, kLocatorHighQuantile);
  cv::Mat1f clipped;
  cv::min(pixels, high, clipped);
  cv::max(clipped, low, clipped);
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(clipped, mean, deviation);
  return cv::Mat1f((clipped - mean[0]) / std::max(deviation[0], 1e-6));
}

}  // namespace lumbargrade
