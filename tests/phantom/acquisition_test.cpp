#include "phantom/acquisition.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>

#include "phantom/fourier.h"

namespace lumbargrade::phantom {
namespace {

/// The definition, in double precision.
std::vector<std::complex<double>> slow_transform(const std::vector<std::complex<double>>& line, double sign) {
  const size_t n = line.size();
  std::vector<std::complex<double>> out(n);
  for (size_t k = 0; k < n; ++k) {
    for (size_t j = 0; j < n; ++j) {
      const double turn = sign * 2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
      out[k] += line[j] * std::polar(1.0, turn);
    }
  }
  return out;
}

AcquisitionPlan plain_scan() {
  AcquisitionPlan plan;
  plan.read_share = plan.phase_share = 1;
  plan.ghost = 0;
  plan.grey_scale = 1000;
  return plan;
}

class FourierOfLength : public testing::TestWithParam<int> {};

TEST_P(FourierOfLength, IsTheDefinitionAlongRowsAndColumnsAndComesBack) {
  const int length = GetParam();
  constexpr int kLines = 19;  // more than one batch
  const auto n = static_cast<size_t>(length);
  Stream stream{static_cast<std::uint64_t>(length)};
  std::vector<float> real(n * kLines), imaginary(n * kLines);
  for (size_t i = 0; i < real.size(); ++i) {
    real[i] = static_cast<float>(stream.normal());
    imaginary[i] = static_cast<float>(stream.normal());
  }
  const std::vector<float> real_before = real;
  const std::vector<float> imaginary_before = imaginary;
  std::vector<int> all(kLines);
  std::iota(all.begin(), all.end(), 0);
  LineFourier fourier(length);
  const LineFourier::Lines columns{real.data(), imaginary.data(), kLines, 1};  // line k is column k
  fourier.transform(columns, all, true);
  for (size_t k = 0; k < kLines; ++k) {
    std::vector<std::complex<double>> line(n);
    for (size_t i = 0; i < n; ++i) {
      line[i] = {static_cast<double>(real_before[i * kLines + k]),
                 static_cast<double>(imaginary_before[i * kLines + k])};
    }
    const auto expected = slow_transform(line, -1);
    for (size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(static_cast<double>(real[i * kLines + k]), expected[i].real(), 2e-4) << k << " " << i;
      ASSERT_NEAR(static_cast<double>(imaginary[i * kLines + k]), expected[i].imag(), 2e-4) << k << " " << i;
    }
  }
  fourier.transform(columns, all, false);
  for (size_t i = 0; i < real.size(); ++i) {
    ASSERT_NEAR(real[i], real_before[i], 1e-5F);
    ASSERT_NEAR(imaginary[i], imaginary_before[i], 1e-5F);
  }
}

INSTANTIATE_TEST_SUITE_P(Radices, FourierOfLength, testing::Values(2, 8, 13, 36, 48, 75, 320, 512));

TEST(Acquire, GivesANoiselessObjectBack) {
  constexpr int kRows = 40;
  constexpr int kColumns = 36;
  // No frequency but zero.
  const Object object{std::vector<float>(kRows * kColumns, 0.5F), std::vector<float>(kRows * kColumns)};
  Stream stream{3};
  const SlicePixels pixels = acquire(object, kRows, kColumns, plain_scan(), stream);
  for (const auto value : pixels) ASSERT_NEAR(value, 500, 1);
}

TEST(Acquire, ShiftsFatAlongTheReadoutOnly) {
  constexpr int kSize = 64;
  Object object{std::vector<float>(kSize * kSize), std::vector<float>(kSize * kSize)};
  object.fat[20 * kSize + 30] = 1;
  AcquisitionPlan plan = plain_scan();
  plan.fat_shift_px = 4;
  for (const bool phase_along_rows : {false, true}) {
    plan.phase_along_rows = phase_along_rows;
    Stream stream{4};
    const SlicePixels pixels = acquire(object, kSize, kSize, plan, stream);
    const auto brightest = std::max_element(pixels.begin(), pixels.end()) - pixels.begin();
    EXPECT_EQ(brightest / kSize, phase_along_rows ? 24 : 20);
    EXPECT_EQ(brightest % kSize, phase_along_rows ? 30 : 34);
  }
}

TEST(Acquire, BackgroundIsRayleighOfTheStatedNoise) {
  constexpr int kSize = 128;
  const Object nothing{std::vector<float>(kSize * kSize), std::vector<float>(kSize * kSize)};
  AcquisitionPlan plan = plain_scan();
  plan.noise = 0.1;
  Stream stream{5};
  const SlicePixels pixels = acquire(nothing, kSize, kSize, plan, stream);
  double sum = 0;
  double squares = 0;
  for (const auto value : pixels) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(pixels.size());
  const double mean = sum / count;
  const double sd = std::sqrt(squares / count - mean * mean);
  // Rayleigh: mean / sd = sqrt(pi / (4 - pi)) = 1.913.
  EXPECT_NEAR(mean / sd, 1.913, 0.04);
}

}  // namespace
}  // namespace lumbargrade::phantom
