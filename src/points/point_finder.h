#pragma once

#include <memory>
#include <string>

#include "levels/spine.h"
#include "study/study.h"

namespace lumbargrade {

struct Bundle;

/// The networks of a bundle that find canal, foramina and recesses in the images: each looks at a crop around the usual
/// place of its point, right sides mirrored onto left ones; those of one anchor are averaged.
class PointFinder {
 public:
  /// Takes the networks of role `points` from `bundle`; `device` as in torch::Device, `precision` as in scalar_type_of.
  /// Error (BundleInvalid) as of point_view, and where networks of one anchor look at different crops.
  PointFinder(const Bundle& bundle, const std::string& device, const std::string& precision = "float32");

  /// False where the bundle has no such network: nothing is found then.
  bool has_networks() const;

  /// Looks for every point whose level was found and whose series shows its usual place, and puts those into the
  /// spine's levels that are sure enough for the bundle.
  void find(const Study& study, Spine& spine) const;

 private:
  struct Networks;

  std::shared_ptr<Networks> networks_;
};

}  // namespace lumbargrade
