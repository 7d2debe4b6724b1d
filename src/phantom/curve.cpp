#include "phantom/curve.h"

#include <algorithm>
#include <cmath>

namespace lumbargrade::phantom {
namespace {

SpineCurve::Frame frame_from_angles(const Vector3& centre, double forward_rad, double left_rad, double turn_rad) {
  SpineCurve::Frame frame;
  frame.centre_patient = centre;
  frame.up = Vector3(std::sin(left_rad), -std::sin(forward_rad) * std::cos(left_rad),
                     std::cos(forward_rad) * std::cos(left_rad));
  const Vector3 level_left = (Vector3::UnitX() - Vector3::UnitX().dot(frame.up) * frame.up).normalized();
  frame.left = Eigen::AngleAxisd(turn_rad, frame.up) * level_left;
  frame.posterior = frame.up.cross(frame.left);
  return frame;
}

struct Angles {
  double forward_rad, left_rad, turn_rad;

  Angles moved(const Bending& bending, double step_mm) const {
    return {forward_rad - bending.sagittal_rad_per_mm * step_mm, left_rad + bending.coronal_rad_per_mm * step_mm,
            turn_rad + bending.axial_rad_per_mm * step_mm};
  }
};

}  // namespace

SpineCurve::SpineCurve(double low_s, const std::vector<Bending>& bending, const Vector3& origin_patient,
                       double sacral_slope_rad, double coronal_tilt_rad, double axial_turn_rad)
    : low_s_(low_s), frames_(bending.size()) {
  const auto start = static_cast<size_t>(std::lround(-low_s / kStep_mm));
  const Angles at_start{sacral_slope_rad, coronal_tilt_rad, axial_turn_rad};
  frames_[start] = frame_from_angles(origin_patient, at_start.forward_rad, at_start.left_rad, at_start.turn_rad);
  Angles angles = at_start;
  for (size_t i = start; i + 1 < frames_.size(); ++i) {
    angles = angles.moved(bending[i], kStep_mm);
    const Vector3 centre = frames_[i].centre_patient + kStep_mm * frames_[i].up;
    frames_[i + 1] = frame_from_angles(centre, angles.forward_rad, angles.left_rad, angles.turn_rad);
  }
  angles = at_start;
  for (size_t i = start; i > 0; --i) {
    angles = angles.moved(bending[i - 1], -kStep_mm);
    frames_[i - 1] = frame_from_angles(Vector3::Zero(), angles.forward_rad, angles.left_rad, angles.turn_rad);
    frames_[i - 1].centre_patient = frames_[i].centre_patient - kStep_mm * frames_[i - 1].up;
  }
}

SpineCurve::Frame SpineCurve::frame(double s) const {
  const double position = std::clamp((s - low_s_) / kStep_mm, 0.0, static_cast<double>(frames_.size() - 1));
  const auto low = std::min(static_cast<size_t>(position), frames_.size() - 2);
  const double share = position - static_cast<double>(low);
  const Frame& a = frames_[low];
  const Frame& b = frames_[low + 1];
  Frame frame;
  frame.up = ((1 - share) * a.up + share * b.up).normalized();
  frame.left = (1 - share) * a.left + share * b.left;
  frame.left = (frame.left - frame.left.dot(frame.up) * frame.up).normalized();
  frame.posterior = frame.up.cross(frame.left);
  frame.centre_patient = (1 - share) * a.centre_patient + share * b.centre_patient;
  frame.centre_patient += (s - (low_s_ + position * kStep_mm)) * frame.up;
  return frame;
}

Vector3 SpineCurve::patient_from_spine(const SpinePoint& point) const {
  const Frame at = frame(point.s);
  return at.centre_patient + point.u * at.left + point.v * at.posterior;
}

SpinePoint SpineCurve::spine_from_patient(const Vector3& point_patient, double guess_s) const {
  double s = guess_s;
  Frame at = frame(s);
  double along = (point_patient - at.centre_patient).dot(at.up);
  double step = 0.7 * along;  // damped: behind a lordotic line the foot moves faster than the point
  for (int i = 0; i < 20 && std::abs(along) > 1e-3; ++i) {
    s += step;
    at = frame(s);
    const double before = along;
    along = (point_patient - at.centre_patient).dot(at.up);
    const double slope = (along - before) / step;
    step = slope < -0.3 ? -along / slope : 0.7 * along;  // secant where it is safe
  }
  const Vector3 offset = point_patient - at.centre_patient;
  return {s, offset.dot(at.left), offset.dot(at.posterior)};
}

SpineField::SpineField(const SpineCurve& curve, const Vector3& low_patient, const Vector3& high_patient)
    : low_patient_(low_patient) {
  for (int axis = 0; axis < 3; ++axis) {
    size_[axis] = 2 + static_cast<int>(std::ceil((high_patient[axis] - low_patient[axis]) / kStep_mm));
  }
  nodes_.resize(static_cast<size_t>(size_[0]) * static_cast<size_t>(size_[1]) * static_cast<size_t>(size_[2]));
  size_t next = 0;
  for (int z = 0; z < size_[2]; ++z) {
    for (int y = 0; y < size_[1]; ++y) {
      double guess_s = low_patient.z() + kStep_mm * z - curve.frame(0).centre_patient.z();
      for (int x = 0; x < size_[0]; ++x) {
        const Vector3 point = low_patient + kStep_mm * Vector3(x, y, z);
        const SpinePoint found = curve.spine_from_patient(point, guess_s);
        guess_s = found.s;
        nodes_[next++] = {static_cast<float>(found.s), static_cast<float>(found.u), static_cast<float>(found.v)};
      }
    }
  }
}

SpinePoint SpineField::at(const Vector3& point_patient) const {
  int low[3];
  double share[3];
  for (int axis = 0; axis < 3; ++axis) {
    const double position =
        std::clamp((point_patient[axis] - low_patient_[axis]) / kStep_mm, 0.0, static_cast<double>(size_[axis] - 1));
    low[axis] = std::min(static_cast<int>(position), size_[axis] - 2);
    share[axis] = position - low[axis];
  }
  const size_t row = static_cast<size_t>(size_[0]);
  const size_t sheet = row * static_cast<size_t>(size_[1]);
  const Node* corner = nodes_.data() + static_cast<size_t>(low[2]) * sheet + static_cast<size_t>(low[1]) * row +
                       static_cast<size_t>(low[0]);
  SpinePoint sum;
  for (int i = 0; i < 4; ++i) {
    const int y = i & 1;
    const int z = i >> 1;
    const double weight = (y ? share[1] : 1 - share[1]) * (z ? share[2] : 1 - share[2]);
    const Node* node = corner + (z ? sheet : 0) + (y ? row : 0);
    const double right = weight * share[0];
    const double left = weight - right;
    sum.s += left * static_cast<double>(node[0].s) + right * static_cast<double>(node[1].s);
    sum.u += left * static_cast<double>(node[0].u) + right * static_cast<double>(node[1].u);
    sum.v += left * static_cast<double>(node[0].v) + right * static_cast<double>(node[1].v);
  }
  return sum;
}

}  // namespace lumbargrade::phantom
