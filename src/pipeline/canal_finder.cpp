#include "pipeline/canal_finder.h"

#include <algorithm>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kFarthestCanal_mm = 45;  // from the centre of a vertebra: half its depth and half the canal's

constexpr size_t kMostMemory = size_t{1} << 30;  // a lumbar series takes a quarter of it

/// The canal behind a vertebra; nothing where the line does not reach it.
std::optional<Vector3> canal_behind(const Vector3& vertebra, const std::vector<Vector3>& canal_line) {
  const auto nearest = std::min_element(canal_line.begin(), canal_line.end(), [&](const Vector3& a, const Vector3& b) {
    return (a - vertebra).squaredNorm() < (b - vertebra).squaredNorm();
  });
  const bool reaches = nearest != canal_line.end() && (*nearest - vertebra).norm() < kFarthestCanal_mm;
  return reaches ? std::optional(*nearest) : std::nullopt;
}

}  // namespace

std::vector<CanalPair> canal_pairs(const Spine& spine) {
  std::vector<CanalPair> pairs;
  for (const auto& level : spine.levels) {
    if (level && level->canal_patient) pairs.push_back({*level->canal_patient, level->centre_patient});
  }
  for (const auto& vertebra : spine.vertebra_centres_patient) {
    const auto canal = vertebra ? canal_behind(*vertebra, spine.canal_line_patient) : std::nullopt;
    if (canal) pairs.push_back({*canal, *vertebra});
  }
  return pairs;
}

CanalFinder canal_finder(SpineLocator locate) {
  return [locate = std::move(locate)](const Volume& sagittal) {
    if (memory_for_levels(sagittal) > kMostMemory) return std::vector<CanalPair>();
    try {
      return canal_pairs(locate(sagittal));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoUsableStudy) throw;
      return std::vector<CanalPair>();
    }
  };
}

}  // namespace lumbargrade
