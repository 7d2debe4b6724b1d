#include "points/place_reading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "points/point_view.h"

namespace lumbargrade {
namespace {

struct Peak {
  double slice, row, column, share;
};

/// Of a normal distribution of 2 mm in the plane, on one slice.
double value_at(const Peak& peak, const View& view, int slice, int row, int column) {
  if (slice != peak.slice) return 0;
  const double distance = std::hypot(row - peak.row, column - peak.column) * view.pixel_mm / 2;
  return peak.share * std::exp(-distance * distance / 2);
}

std::vector<float> map_of(const View& view, const std::vector<Peak>& peaks) {
  std::vector<double> values;
  for (int slice = 0; slice < view.slices; ++slice) {
    for (int row = 0; row < view.size_px; ++row) {
      for (int column = 0; column < view.size_px; ++column) {
        double& value = values.emplace_back(0);
        for (const Peak& peak : peaks) value += value_at(peak, view, slice, row, column);
      }
    }
  }
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  std::vector<float> map(values.size());
  std::transform(values.begin(), values.end(), map.begin(), [&](double v) { return static_cast<float>(v / sum); });
  return map;
}

TEST(PlaceReading, ReadsAPeakBetweenPixels) {
  const View view = usual_point_view(Anchor::Foramen);
  const ReadPlace read = read_place(map_of(view, {{5, 20.3, 30.7, 1}}), view);
  EXPECT_NEAR(read.place.slice, 5, 1e-6);
  EXPECT_NEAR(read.place.row, 20.3, 0.05);
  EXPECT_NEAR(read.place.column, 30.7, 0.05);
  EXPECT_NEAR(read.confidence, 1 - std::exp(-4.5), 0.01);  // 6 mm are three standard deviations
}

TEST(PlaceReading, AnEvenDoubtBetweenTwoSlicesLandsBetweenThem) {
  const View view = usual_point_view(Anchor::Foramen);
  const ReadPlace read = read_place(map_of(view, {{2, 20, 20, 0.5}, {3, 20, 20, 0.5}}), view);
  EXPECT_NEAR(read.place.slice, 2.5, 1e-5);
  EXPECT_GT(read.confidence, 0.95);
}

TEST(PlaceReading, ASecondPeakFarAwayTakesConfidenceAndMovesNothing) {
  const View view = usual_point_view(Anchor::Recess);
  const ReadPlace read = read_place(map_of(view, {{2, 12, 12, 0.7}, {2, 36, 36, 0.3}}), view);
  EXPECT_NEAR(read.place.row, 12, 0.05);
  EXPECT_NEAR(read.place.column, 12, 0.05);
  EXPECT_NEAR(read.confidence, 0.7, 0.02);
}

TEST(PlaceReading, PlacesOfACropAndPatientPointsAreEachOthersInverse) {
  const View view = usual_point_view(Anchor::Canal);
  Crop crop;
  crop.slices = view.slices;
  crop.size_px = view.size_px;
  crop.column_direction = Vector3(0, 1, 0);
  crop.row_direction = Vector3(0, 0, -1);
  for (const double x : {-9.0, -4.5, 0.0, 6.0, 10.5}) crop.slice_middle_patient.emplace_back(x, 20, -30);  // uneven
  for (const double slice : {0.0, 1.25, 2.5, 3.75, 4.0}) {
    const CropPlace place = crop_place(crop, view, patient_point(crop, view, {slice, 10.5, 33}));
    EXPECT_NEAR(place.slice, slice, 1e-9);
    EXPECT_NEAR(place.row, 10.5, 1e-9);
    EXPECT_NEAR(place.column, 33, 1e-9);
  }
  // Two pixels below the middle, one slice to the left of it.
  const double middle = (view.size_px - 1) / 2.0;
  EXPECT_TRUE(patient_point(crop, view, {3, middle + 2, middle}).isApprox(Vector3(6, 20, -30 - 2 * view.pixel_mm)));
}

}  // namespace
}  // namespace lumbargrade
