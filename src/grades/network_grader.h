#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"
#include "crops/crop.h"
#include "grades/attention.h"
#include "levels/spine.h"
#include "study/study.h"

namespace lumbargrade {

struct Bundle;

/// What the networks say of one finding, before it is mixed with measures and the prior.
struct NetworkGrade {
  Probabilities probabilities{};
  Vector3 point_patient = Vector3::Zero();
  std::string series_instance_uid;  ///< of the first view
  std::string sop_instance_uid;     ///< of its middle slice
  std::vector<ImageAttention> attention;
  PointOrigin origin = {};
};

/// In the order of all_findings(); empty where no network looked.
using NetworkGrades = std::array<std::optional<NetworkGrade>, kFindingCount>;

/// The grading networks of a bundle, ready for inference: per condition the members of its ensemble with the
/// transforms of test-time augmentation, and the stack that corrects them all.
class NetworkGrader {
 public:
  /// Takes the networks of the grading roles from `bundle`; `device` as in torch::Device, `precision` as in
  /// scalar_type_of. Throws Error (BundleInvalid) when a network is no grader or an input none that crops can be cut
  /// for, or a second stage is none.
  NetworkGrader(const Bundle& bundle, const std::string& device, const std::string& precision = "float32");

  /// False when the bundle has no grading network: grade() then returns nothing.
  bool has_networks() const;

  /// Grades every finding whose level was found and whose first view can be cut.
  NetworkGrades grade(const Study& study, const Spine& spine) const;

 private:
  struct Networks;

  std::shared_ptr<Networks> networks_;
};

}  // namespace lumbargrade
