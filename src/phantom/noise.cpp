#include "phantom/noise.h"

namespace lumbargrade::phantom {

NoiseField::NoiseField(Stream& stream) : lattice_(kSize * kSize * kSize) {
  for (float& value : lattice_) value = static_cast<float>(stream.uniform(-1, 1));
}

}  // namespace lumbargrade::phantom
