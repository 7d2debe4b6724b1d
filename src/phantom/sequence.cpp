#include "phantom/sequence.h"

#include <cmath>

namespace lumbargrade::phantom {

double Sequence::signal(double proton_density, double t1_ms, double t2_ms) const {
  const double recovered = std::exp(-repetition_ms / t1_ms);
  const double longitudinal =
      contrast == Contrast::Stir ? std::abs(1 - 2 * std::exp(-inversion_ms / t1_ms) + recovered) : 1 - recovered;
  return proton_density * longitudinal * std::exp(-echo_ms / t2_ms);
}

std::vector<Signal> signals_of(const std::vector<Tissue>& tissues, const Sequence& sequence) {
  const Tissue fat = standard_tissue(Label::Fat, sequence.field_tesla);
  // Clinical inversion times null fat only if its effective T1 is 230 or 310 ms (computed).
  const double fat_t1_ms = sequence.contrast == Contrast::Stir ? (sequence.field_tesla > 2 ? 310 : 230) : fat.t1_ms;
  std::vector<Signal> signals;
  for (const Tissue& tissue : tissues) {
    const double water = (1 - tissue.fat_share) * sequence.signal(tissue.proton_density, tissue.t1_ms, tissue.t2_ms);
    const double fatty = tissue.fat_share * sequence.signal(fat.proton_density, fat_t1_ms, sequence.fat_t2_ms);
    signals.push_back({static_cast<float>(water), static_cast<float>(fatty)});
  }
  return signals;
}

}  // namespace lumbargrade::phantom
