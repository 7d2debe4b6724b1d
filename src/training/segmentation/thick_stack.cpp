#include "training/segmentation/thick_stack.h"

#include <algorithm>

namespace lumbargrade {

Volume thick_stack(const Volume& thin, int count) {
  const int together = std::clamp(count, 1, thin.slices);
  Volume thick = thin;
  thick.slices = thin.slices / together;
  const int first = (thin.slices - thick.slices * together) / 2;
  const size_t pixels = static_cast<size_t>(thin.rows) * static_cast<size_t>(thin.columns);
  thick.voxels.assign(pixels * static_cast<size_t>(thick.slices), 0.0F);
  thick.sources.clear();
  for (int k = 0; k < thick.slices; ++k) {
    const auto target = thick.voxels.begin() + static_cast<std::ptrdiff_t>(pixels * static_cast<size_t>(k));
    for (int j = 0; j < together; ++j) {
      const float* from = thin.slice_data(first + k * together + j);
      std::transform(from, from + pixels, target, target,
                     [together](float value, float sum) { return sum + value / static_cast<float>(together); });
    }
    const int middle = first + k * together + together / 2;
    const auto source = static_cast<size_t>(middle);
    if (source < thin.sources.size()) thick.sources.push_back(thin.sources[source]);
  }
  const Vector3 step = thin.patient_from_index.linear().col(2);
  thick.patient_from_index.translation() += step * (first + (together - 1) / 2.0);
  thick.patient_from_index.linear().col(2) = step * together;
  return thick;
}

}  // namespace lumbargrade
