#include "phantom/acquisition.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phantom/fourier.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

/// Fat appears displaced along the readout, by a fraction of a pixel too.
std::vector<float> with_shifted_fat(const Object& object, int rows, int columns, const AcquisitionPlan& plan) {
  std::vector<float> image = object.water;
  const double whole = std::floor(plan.fat_shift_px);
  const auto share = static_cast<float>(plan.fat_shift_px - whole);
  const int shift = static_cast<int>(whole);
  const auto fat_from = [&](int row, int column) {
    const auto at_row = static_cast<size_t>(std::clamp(row, 0, rows - 1));
    return object.fat[at_row * static_cast<size_t>(columns) + static_cast<size_t>(std::clamp(column, 0, columns - 1))];
  };
  const int down = plan.phase_along_rows ? 1 : 0;
  const int across = 1 - down;
  size_t next = 0;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const float near = fat_from(row - down * shift, column - across * shift);
      const float far = fat_from(row - down * (shift + 1), column - across * (shift + 1));
      image[next++] += (1 - share) * near + share * far;
    }
  }
  return image;
}

/// Signed spatial frequency of bin `i` of `count`, in cycles per field of view.
int frequency(int i, int count) {
  return i <= count / 2 ? i : i - count;
}

/// Weight of a frequency at `share` of the acquired edge: one inside, falling over the last fifth (a mild filter leaves
/// some Gibbs ringing, as machines do).
double window(double share) {
  return share > 1 ? 0 : 1 - 0.6 * smooth_step(0.8, 1.0, share);
}

/// One weight per frequency bin, 0 beyond the acquired share of k-space.
std::vector<float> windows(int count, double acquired_share) {
  std::vector<float> weights;
  for (int i = 0; i < count; ++i) {
    weights.push_back(static_cast<float>(window(std::abs(frequency(i, count)) / (0.5 * count * acquired_share))));
  }
  return weights;
}

std::vector<int> where_positive(const std::vector<float>& weights) {
  std::vector<int> found;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) found.push_back(static_cast<int>(i));
  }
  return found;
}

std::vector<int> all_of(int count) {
  std::vector<int> found(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) found[static_cast<size_t>(i)] = i;
  return found;
}

/// Modulation of the phase-encoding lines by breathing and swallowing.
std::vector<float> motion_of(int count, const AcquisitionPlan& plan, double start_rad) {
  std::vector<float> motion;
  for (int i = 0; i < count; ++i) {
    const double turn = 2 * std::numbers::pi * frequency(i, count) / plan.ghost_period_lines + start_rad;
    motion.push_back(static_cast<float>(1 + plan.ghost * std::sin(turn)));
  }
  return motion;
}

/// Two independent values of mean 0 and standard deviation 1. Each is a sum of two uniform ones: an image pixel sums so
/// many of them that its noise is normal.
struct NoisePair {
  float a, b;
};
NoisePair noise_pair(Stream& stream) {
  const std::uint64_t bits = stream.bits();
  const auto part = [bits](int from) { return static_cast<float>((bits >> from) & 0xffff); };
  constexpr float kScale = 3.737371e-5F;  // sqrt(6) / 65536
  return {(part(0) + part(16) - 65535) * kScale, (part(32) + part(48) - 65535) * kScale};
}

}  // namespace

SlicePixels acquire(const Object& object, int rows, int columns, const AcquisitionPlan& plan, Stream& stream) {
  std::vector<float> reals = with_shifted_fat(object, rows, columns, plan);
  std::vector<float> imaginaries(reals.size());
  const auto width = static_cast<size_t>(columns);
  const std::vector<float> row_weight = windows(rows, plan.phase_along_rows ? plan.read_share : plan.phase_share);
  const std::vector<float> column_weight = windows(columns, plan.phase_along_rows ? plan.phase_share : plan.read_share);
  const std::vector<int> kept_columns = where_positive(column_weight);
  LineFourier along_rows(columns);
  LineFourier along_columns(rows);
  const LineFourier::Lines row_lines{reals.data(), imaginaries.data(), 1, width};
  const LineFourier::Lines column_lines{reals.data(), imaginaries.data(), width, 1};
  along_rows.transform(row_lines, all_of(rows), true);
  along_columns.transform(column_lines, kept_columns, true);

  // Noise of variance n^2 per displayed pixel when the whole k-space is filled (the transform sums `size` values).
  const auto noise =
      static_cast<float>(plan.noise * std::sqrt(static_cast<double>(object.water.size())) / std::numbers::sqrt2 * 1.4);
  const double ghost_start_rad = stream.uniform(0, 2 * std::numbers::pi);
  const std::vector<float> motion = motion_of(plan.phase_along_rows ? columns : rows, plan, ghost_start_rad);
  for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
    for (size_t column = 0; column < width; ++column) {
      const float weight = row_weight[row] * column_weight[column];
      float& real = reals[row * width + column];
      float& imaginary = imaginaries[row * width + column];
      if (weight == 0) {
        real = imaginary = 0;
        continue;
      }
      const float moved = motion[plan.phase_along_rows ? column : row];
      const NoisePair disturbance = noise_pair(stream);
      real = weight * (real * moved + noise * disturbance.a);
      imaginary = weight * (imaginary * moved + noise * disturbance.b);
    }
  }
  along_columns.transform(column_lines, kept_columns, false);
  along_rows.transform(row_lines, all_of(rows), false);

  SlicePixels pixels(object.water.size());
  const auto scale = static_cast<float>(plan.grey_scale);
  for (size_t i = 0; i < pixels.size(); ++i) {
    const float squared = reals[i] * reals[i] + imaginaries[i] * imaginaries[i];
    pixels[i] = static_cast<std::uint16_t>(std::min(4095.F, scale * std::sqrt(squared) + 0.5F));
  }
  return pixels;
}

}  // namespace lumbargrade::phantom
