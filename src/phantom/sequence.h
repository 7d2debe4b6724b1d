#pragma once

#include <string_view>
#include <vector>

#include "phantom/tissue.h"

namespace lumbargrade::phantom {

enum class Contrast { T1, T2, Stir };

/// A spin echo or turbo spin echo: what decides the brightness of tissue.
struct Sequence {
  Contrast contrast = Contrast::T2;
  double field_tesla = 1.5;
  double repetition_ms = 0;
  double echo_ms = 0;
  double inversion_ms = 0;  ///< STIR only
  double fat_t2_ms = 140;   ///< as its echo train sees it: 41-143 ms and more, by sequence (docs/sources.md)

  /// Magnitude of the signal of a substance with these times: PD |1 - 2 e^(-TI/T1) + e^(-TR/T1)| e^(-TE/T2), without
  /// the inversion term where there is no inversion.
  double signal(double proton_density, double t1_ms, double t2_ms) const;
};

/// Signal of one material, split by what its protons sit in, as fat is displaced by the chemical shift.
struct Signal {
  float water = 0;
  float fat = 0;
};

std::vector<Signal> signals_of(const std::vector<Tissue>& tissues, const Sequence& sequence);

}  // namespace lumbargrade::phantom
