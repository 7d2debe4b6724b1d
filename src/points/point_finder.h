#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crops/view.h"
#include "levels/spine.h"
#include "study/study.h"

namespace lumbargrade {

struct Bundle;

/// What the networks say of one point.
struct PointAnswer {
  Anchor anchor = Anchor::Canal;
  std::optional<Side> side;  ///< none of a canal
  Level level = Level::L1L2;
  FoundPoint found;
};

/// The networks of a bundle that find canal, foramina and recesses in the images: each looks at a crop around the usual
/// place of its point, right sides mirrored onto left ones; those of one anchor are averaged.
class PointFinder {
 public:
  /// Takes the networks of role `points` from `bundle`; `device` as in torch::Device, `precision` as in scalar_type_of.
  /// Error (BundleInvalid) as of point_view, and where networks of one anchor look at different crops.
  PointFinder(const Bundle& bundle, const std::string& device, const std::string& precision = "float32");
  ~PointFinder();
  PointFinder(PointFinder&&) noexcept;
  PointFinder& operator=(PointFinder&&) noexcept;

  /// False where the bundle has no such network: nothing is found then.
  bool has_networks() const;

  /// Every point whose level was found and whose series shows its usual place, whatever its confidence.
  std::vector<PointAnswer> answers(const Study& study, const Spine& spine) const;

  /// Puts those into the spine's levels that are sure enough for the bundle.
  void find(const Study& study, Spine& spine) const;

 private:
  struct Networks;

  std::unique_ptr<Networks> networks_;
};

}  // namespace lumbargrade
