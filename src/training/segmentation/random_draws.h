#pragma once

#include <cstdint>
#include <random>

namespace lumbargrade {

using Random = std::mt19937_64;

inline double uniform(Random& random, double low, double high) {
  return std::uniform_real_distribution<>(low, high)(random);
}

inline double normal(Random& random, double sigma) {
  return std::normal_distribution<>(0, sigma)(random);
}

inline bool chance(Random& random, double probability) {
  return uniform(random, 0, 1) < probability;
}

/// The generator of one crop, seeded by its place in the run: a resumed run sees the same crops.
inline Random crop_generator(std::uint64_t seed, int step, int place) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U),
                         static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(place)};
  return Random(sequence);
}

}  // namespace lumbargrade
