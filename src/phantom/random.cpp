#include "phantom/random.h"

#include <cmath>
#include <numbers>

namespace lumbargrade::phantom {

std::uint64_t mix_keys(std::initializer_list<std::uint64_t> keys) {
  // Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators".
  std::uint64_t state = 0x9e3779b97f4a7c15ULL;
  for (std::uint64_t key : keys) {
    state = (state ^ key) + 0x9e3779b97f4a7c15ULL;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebULL;
    state ^= state >> 31;
  }
  return state;
}

Stream::Stream(std::initializer_list<std::uint64_t> keys) : engine_(mix_keys(keys)) {}

double Stream::uniform() {
  return static_cast<double>(engine_() >> 11) * 0x1.0p-53;
}

double Stream::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

double Stream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

double Stream::normal(double mean, double sd) {
  double z = normal();
  while (std::abs(z) > 2.5) z = normal();
  return mean + sd * z;
}

bool Stream::chance(double probability) {
  return uniform() < probability;
}

int Stream::integer(int low, int high) {
  return low + static_cast<int>(uniform() * (high - low + 1));
}

double normal_share_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

}  // namespace lumbargrade::phantom
