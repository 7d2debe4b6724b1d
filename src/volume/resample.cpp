#include "volume/resample.h"

#include <algorithm>
#include <cmath>

#include "volume/slice_positions.h"
#include "volume/slice_sampler.h"

namespace lumbargrade {
namespace {

constexpr double kEdgePx = 1e-6;           // rounding at the outermost pixels
constexpr double kFarthestBetween = 1.01;  // usual steps: over one missing slice, not over two

/// The values of a volume, whose slices may be unevenly spaced, at patient points.
class VolumeSampler {
 public:
  explicit VolumeSampler(const Volume& volume) : volume_(volume), positions_(volume) {
    for (int slice = 0; slice < volume.slices; ++slice) slices_.emplace_back(volume, slice);
  }

  float operator()(const Vector3& point_patient) const {
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

 private:
  float in_slice(int slice, const Vector3& point_patient) const {
    const SliceSampler& sample = slices_[static_cast<size_t>(slice)];
    return sample(sample.onto_image(pixel_of(volume_, slice, point_patient), kEdgePx));
  }

  const Volume& volume_;
  SlicePositions positions_;
  std::vector<SliceSampler> slices_;
};

}  // namespace

PlaneImage resample(const Volume& volume, const PlaneGrid& grid) {
  const VolumeSampler sample(volume);
  const Affine patient_from_index = grid.plane.patient_from_index();
  PlaneImage image{grid.columns, grid.rows, {}};
  image.pixels.reserve(static_cast<size_t>(grid.columns) * static_cast<size_t>(grid.rows));
  for (int row = 0; row < grid.rows; ++row) {
    for (int column = 0; column < grid.columns; ++column) {
      image.pixels.push_back(sample(patient_from_index * Vector3(column, row, 0)));
    }
  }
  return image;
}

}  // namespace lumbargrade
