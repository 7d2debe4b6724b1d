#include "results/nifti.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace lumbargrade::results {
namespace {

/// A sagittal stack as scanners give it: columns to the back, rows to the feet, slices to the patient's left.
Volume sagittal_grid() {
  Volume grid;
  grid.columns = 4;
  grid.rows = 3;
  grid.slices = 2;
  grid.voxels.resize(24);
  grid.patient_from_index.linear().col(0) = Vector3(0, 0.5, 0);
  grid.patient_from_index.linear().col(1) = Vector3(0, 0, -0.75);
  grid.patient_from_index.linear().col(2) = Vector3(4, 0, 0);
  grid.patient_from_index.translation() = Vector3(-10, -20, 30);
  return grid;
}

std::string unpacked(const std::string& packed) {
  std::string bytes(1 << 16, '\0');
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  const int result = inflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("inflate");
  return bytes;
}

template <typename T>
T at(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST(Nifti, HeaderHasTheGridInRas) {
  const std::string bytes = unpacked(nifti_gz({std::vector<std::uint8_t>(24, 0)}, sagittal_grid()));
  ASSERT_EQ(bytes.size(), 352U + 24U);
  EXPECT_EQ(at<std::int32_t>(bytes, 0), 348);
  EXPECT_EQ(bytes.substr(344, 3), "n+1");
  EXPECT_EQ(at<std::int16_t>(bytes, 40), 3);
  EXPECT_EQ(at<std::int16_t>(bytes, 42), 4);
  EXPECT_EQ(at<std::int16_t>(bytes, 44), 3);
  EXPECT_EQ(at<std::int16_t>(bytes, 46), 2);
  // x and y turned about: a column step of .5 mm to the back is -.5 mm of RAS y.
  const std::array<float, 12> sform = {0, 0, -4, 10, -0.5F, 0, 0, 20, 0, -0.75F, 0, 30};
  for (size_t k = 0; k < sform.size(); ++k) EXPECT_FLOAT_EQ(at<float>(bytes, 280 + 4 * k), sform[k]) << k;
}

TEST(Nifti, QformIsTheSamePlacement) {
  Volume grid = sagittal_grid();
  for (const double slice_step : {4.0, -4.0}) {  // both hands
    grid.patient_from_index.linear().col(2) = Vector3(slice_step, 0, 0);
    const std::string bytes = unpacked(nifti_gz({std::vector<std::uint8_t>(24, 0)}, grid));
    const double b = at<float>(bytes, 256), c = at<float>(bytes, 260), d = at<float>(bytes, 264);
    const Eigen::Quaterniond turn(std::sqrt(std::max(0.0, 1 - b * b - c * c - d * d)), b, c, d);
    Eigen::Matrix3d axes = turn.toRotationMatrix();
    axes.col(2) *= at<float>(bytes, 76);
    for (int column = 0; column < 3; ++column) {
      axes.col(column) *= at<float>(bytes, 80 + 4 * static_cast<size_t>(column));
      for (int row = 0; row < 3; ++row) {
        const size_t place = 280 + 16 * static_cast<size_t>(row) + 4 * static_cast<size_t>(column);
        EXPECT_NEAR(axes(row, column), at<float>(bytes, place), 1e-5) << row << column << slice_step;
      }
    }
  }
}

TEST(Nifti, VoxelsFollowInTheirOrder) {
  SpineMasks masks;
  for (int k = 0; k < 24; ++k) masks.labels.push_back(static_cast<std::uint8_t>(k + 100));
  const std::string bytes = unpacked(nifti_gz(masks, sagittal_grid()));
  EXPECT_EQ(bytes.substr(352), std::string(masks.labels.begin(), masks.labels.end()));
}

}  // namespace
}  // namespace lumbargrade::results
