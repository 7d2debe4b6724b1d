#pragma once

#include <algorithm>
#include <cmath>

namespace lumbargrade::phantom {

inline double square(double x) {
  return x * x;
}

/// 0 below `low`, 1 above `high`, smooth in between.
inline double smooth_step(double low, double high, double x) {
  const double t = std::clamp((x - low) / (high - low), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

/// Bell of height 1 and standard width `width`; a rational one, which costs a tenth of exp().
inline double bell(double x, double width) {
  return 1 / square(1 + 0.35 * square(x / width));
}

struct Spot {
  double s, u, v;
};

/// Distance to the segment from a to b, less the radius.
inline double capsule(const Spot& p, const Spot& a, const Spot& b, double radius) {
  const double bs = b.s - a.s, bu = b.u - a.u, bv = b.v - a.v;
  const double ps = p.s - a.s, pu = p.u - a.u, pv = p.v - a.v;
  const double t = std::clamp((ps * bs + pu * bu + pv * bv) / (bs * bs + bu * bu + bv * bv), 0.0, 1.0);
  return std::sqrt(square(ps - t * bs) + square(pu - t * bu) + square(pv - t * bv)) - radius;
}

/// Distance to an axis-parallel ellipse; exact on the surface and of the right sign and scale near it.
inline double ellipse(double x, double y, double half_x, double half_y) {
  const double e = std::sqrt(square(x / half_x) + square(y / half_y));
  if (e < 1e-6) return -std::min(half_x, half_y);
  return std::sqrt(x * x + y * y) * (1 - 1 / e);
}

}  // namespace lumbargrade::phantom
