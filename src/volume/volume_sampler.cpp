#include "volume/volume_sampler.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade {
namespace {

constexpr double kEdgePx = 1e-6;           // rounding at the outermost pixels
constexpr double kFarthestBetween = 1.01;  // usual steps: over one missing slice, not over two

}  // namespace

VolumeSampler::VolumeSampler(const Volume& volume) : volume_(volume), positions_(volume) {
  for (int slice = 0; slice < volume.slices; ++slice) slices_.emplace_back(volume, slice);
}

float VolumeSampler::operator()(const Vector3& point_patient) const {
  const double height_mm = positions_.height_mm(point_patient);
  const int last = positions_.count() - 1;
  const bool is_inside = height_mm >= positions_.height_of(-0.5) && height_mm <= positions_.height_of(last + 0.5);
  if (!is_inside) return SliceSampler::kOutside;
  const double slice = std::clamp(positions_.slice_at(height_mm), 0.0, double(last));
  const int below = static_cast<int>(slice);
  const float low = in_slice(below, point_patient);
  if (slice <= below) return low;
  const double nearest_mm = std::abs(positions_.height_of(std::round(slice)) - height_mm);
  if (nearest_mm > kFarthestBetween * positions_.usual_step_mm()) return SliceSampler::kOutside;
  return low + static_cast<float>(slice - below) * (in_slice(below + 1, point_patient) - low);
}

float VolumeSampler::in_slice(int slice, const Vector3& point_patient) const {
  const SliceSampler& sample = slices_[static_cast<size_t>(slice)];
  return sample(sample.onto_image(pixel_of(volume_, slice, point_patient), kEdgePx));
}

}  // namespace lumbargrade
