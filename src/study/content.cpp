#include "study/content.h"

#include <cmath>

#include "core/error.h"
#include "core/statistics.h"
#include "volume/volume_sampler.h"

namespace lumbargrade {
namespace {

constexpr size_t kFewestPairs = 3;
constexpr int kPatch = 5;            // pixels of 1 mm: inside the narrowest canal that still holds fluid
constexpr double kTooAlike = 0.095;  // of the logarithm: less than a tenth brighter or darker

/// Mean over a small sagittal patch around the point; nothing where the volume covers less than half of it.
std::optional<double> mean_around(const Volume& volume, const Vector3& point_patient) {
  const Vector3 down = -Vector3::UnitZ(), back = Vector3::UnitY();
  const Vector3 corner = point_patient - (back + down) * (kPatch / 2);
  const VolumeSampler sample(volume);
  double sum = 0;
  int count = 0;
  for (int i = 0; i < kPatch * kPatch; ++i) {
    const float value = sample(corner + back * (i % kPatch) + down * (i / kPatch));
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return 2 * count >= kPatch * kPatch ? std::optional(sum / count) : std::nullopt;
}

/// "1.8 times as bright as"
std::string brightness(double contrast) {
  return text("canal ", std::round(std::exp(contrast) * 100) / 100, " times as bright as vertebrae and discs");
}

}  // namespace

std::vector<double> canal_contrasts(const Volume& volume, const std::vector<CanalPair>& pairs) {
  std::vector<double> contrasts;
  for (const CanalPair& pair : pairs) {
    const auto canal = mean_around(volume, pair.canal), body = mean_around(volume, pair.body);
    if (canal && body && *canal > 0 && *body > 0) contrasts.push_back(std::log(*canal / *body));
  }
  return contrasts;
}

WeightingFinding weighting_from_contrasts(const std::vector<double>& contrasts) {
  if (contrasts.size() < kFewestPairs) return {Weighting::Unknown, "weighting unknown, and no lumbar canal seen"};
  const double contrast = median_of(contrasts);
  if (!(std::abs(contrast) > kTooAlike)) {
    return {Weighting::Unknown, text("weighting unknown, also from image content (", brightness(contrast), ")")};
  }
  return {contrast > 0 ? Weighting::T2 : Weighting::T1, text("from image content (", brightness(contrast), ")")};
}

}  // namespace lumbargrade
