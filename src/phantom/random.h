#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

namespace lumbargrade::phantom {

/// A stream of random numbers named by keys (seed, study, purpose, slice ...). The same keys give the same numbers,
/// whichever thread draws them and whichever stream was drawn from before.
///
/// The engine's output is fixed by the C++ standard; the standard's distributions are not, so the transforms are ours.
class Stream {
 public:
  Stream(std::initializer_list<std::uint64_t> keys);

  double uniform();                         ///< [0, 1)
  double uniform(double low, double high);  ///< [low, high)
  double normal();                          ///< mean 0, standard deviation 1 (Box-Muller)
  double normal(double mean, double sd);    ///< redrawn until within 2.5 standard deviations: anatomy has no outliers
  bool chance(double probability);
  int integer(int low, int high);  ///< low..high, both included
  std::uint64_t bits() { return engine_(); }

 private:
  std::mt19937_64 engine_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// One 64-bit word from several (splitmix64 over the words).
std::uint64_t mix_keys(std::initializer_list<std::uint64_t> keys);

/// Share of a standard normal variable's distribution below `z`.
double normal_share_below(double z);

}  // namespace lumbargrade::phantom
