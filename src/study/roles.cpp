#include "study/roles.h"

#include <algorithm>
#include <cctype>

#include "core/error.h"

namespace lumbargrade {
namespace {

/// Spin-echo images with TE below are T1-weighted when TR is short; above the second, T2-weighted.
constexpr double kLongestT1Echo_ms = 30;
constexpr double kShortestT2Echo_ms = 60;
constexpr double kLongestT1Repetition_ms = 1500;

enum class Weighting { Unknown, T1, T2 };

struct WeightingFinding {
  Weighting weighting = Weighting::Unknown;
  std::string evidence;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

WeightingFinding weighting_from_times(const StackSlice& slice) {
  const auto echo = slice.image().contrast.echo_time_ms;
  const auto repetition = slice.instance->repetition_time_ms;
  if (!echo || *echo <= 0) return {};
  const std::string times = text("TE ", *echo, " ms", repetition ? text(", TR ", *repetition, " ms") : "");
  if (*echo >= kShortestT2Echo_ms) return {Weighting::T2, times};
  if (*echo <= kLongestT1Echo_ms && repetition && *repetition <= kLongestT1Repetition_ms) return {Weighting::T1, times};
  return {};
}

WeightingFinding weighting_from_description(const dicom::Instance& instance) {
  const std::string description = lower(instance.series_description + " " + instance.protocol_name);
  const std::string evidence = "description \"" + instance.series_description + "\"";
  if (has(description, "t2") || has(description, "stir")) return {Weighting::T2, evidence};
  if (has(description, "t1")) return {Weighting::T1, evidence};
  return {};
}

WeightingFinding find_weighting(const StackSlice& slice) {
  const WeightingFinding from_times = weighting_from_times(slice);
  return from_times.weighting != Weighting::Unknown ? from_times : weighting_from_description(*slice.instance);
}

SeriesRole role_of(Orientation orientation, Weighting weighting) {
  if (orientation == Orientation::Sagittal && weighting == Weighting::T1) return SeriesRole::SagittalT1;
  if (orientation == Orientation::Sagittal && weighting == Weighting::T2) return SeriesRole::SagittalT2;
  if (orientation == Orientation::Axial && weighting == Weighting::T2) return SeriesRole::AxialT2;
  return SeriesRole::None;
}

}  // namespace

Orientation orientation_of(const Vector3& normal) {
  Eigen::Index axis = 0;
  normal.cwiseAbs().maxCoeff(&axis);
  return static_cast<Orientation>(axis);
}

std::string_view orientation_name(Orientation orientation) {
  switch (orientation) {
    case Orientation::Sagittal:
      return "sagittal";
    case Orientation::Coronal:
      return "coronal";
    case Orientation::Axial:
      return "axial";
  }
  return "none";
}

std::string_view role_name(SeriesRole role) {
  switch (role) {
    case SeriesRole::SagittalT1:
      return "sagittal_t1";
    case SeriesRole::SagittalT2:
      return "sagittal_t2";
    case SeriesRole::AxialT2:
      return "axial_t2";
    case SeriesRole::None:
      break;
  }
  return "none";
}

RoleFinding find_role(const Stack& stack) {
  const Orientation orientation = orientation_of(stack.plane().normal());
  const WeightingFinding weighting = find_weighting(stack.slices.front());
  const SeriesRole role = role_of(orientation, weighting.weighting);
  return {role, text(orientation_name(orientation), weighting.evidence.empty() ? "" : ", ", weighting.evidence)};
}

}  // namespace lumbargrade
