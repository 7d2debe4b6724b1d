#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lumbargrade::phantom {

/// In one degree.
inline constexpr double kRadians = std::numbers::pi / 180;

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

/// The less of two distances, with the corner between them rounded over `width`: a union with a fillet.
inline double smooth_min(double a, double b, double width) {
  return std::min(a, b) - square(std::max(0.0, width - std::abs(a - b))) / (4 * width);
}

struct Spot {
  double s, u, v;
};

/// All points within a radius of a segment; `distance` is negative inside.
struct Capsule {
  Spot from{}, along{};
  double inverse_square = 1, radius = 0;

  Capsule() = default;
  Capsule(const Spot& a, const Spot& b, double radius_mm)
      : from(a),
        along{b.s - a.s, b.u - a.u, b.v - a.v},
        inverse_square(1 / (along.s * along.s + along.u * along.u + along.v * along.v)),
        radius(radius_mm) {}

  double distance(double s, double u, double v) const {
    const double ps = s - from.s, pu = u - from.u, pv = v - from.v;
    const double t = std::clamp((ps * along.s + pu * along.u + pv * along.v) * inverse_square, 0.0, 1.0);
    return std::sqrt(square(ps - t * along.s) + square(pu - t * along.u) + square(pv - t * along.v)) - radius;
  }
};

inline bool inside_ellipse(double x, double y, double half_x, double half_y) {
  return square(x * half_y) + square(y * half_x) < square(half_x * half_y);
}

/// Distance to an axis-parallel ellipse; exact on the surface and of the right sign and scale near it.
inline double ellipse(double x, double y, double half_x, double half_y) {
  const double e = std::sqrt(square(x / half_x) + square(y / half_y));
  if (e < 1e-6) return -std::min(half_x, half_y);
  return std::sqrt(x * x + y * y) * (1 - 1 / e);
}

}  // namespace lumbargrade::phantom
