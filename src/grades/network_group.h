#pragma once

#include <torch/types.h>

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "crops/crop.h"
#include "crops/region.h"
#include "grades/attention.h"
#include "network/architecture.h"
#include "network/grader_network.h"

namespace lumbargrade {

/// One view of several regions, as it was cut and as a network takes it.
struct CutView {
  View view;
  std::vector<std::optional<Crop>> crops;  ///< by region
  TensorMap inputs;                        ///< made when a network asks for them
};

/// The regions of a study whose level was found, with the first network's first view of each where it can be cut.
struct LocatedRegions {
  std::vector<Region> regions;
  CutView crops;
};

/// What the networks of a group take of some regions in one transform.
struct PreparedTransform {
  std::list<CutView> cut;                          ///< networks mostly share their views
  std::vector<std::vector<const CutView*>> views;  ///< by network, in `cut`; none where there is no region
};

/// What a network said of R regions.
struct RegionPredictions {
  TensorMap logits;                                   ///< by output, R x 3, over the output's temperature
  std::vector<std::vector<ViewAttention>> attention;  ///< by region
};

/// The views of a network that grades: a `grader` or an `exported`. Error (BundleInvalid) that names what this version
/// does not run: another architecture, an input none that crops can be cut for, outputs other than the softmax of three
/// grades, several conditions of which one is in the middle of no view.
std::vector<View> grader_views(const NetworkSpec& spec);

/// The networks of a bundle that grade the same conditions, one or several, ready for inference.
class NetworkGroup {
 public:
  NetworkGroup(std::vector<Condition> conditions, const std::string& device, const std::string& precision);

  /// Errors as of NetworkGrader.
  void add(const BundleNetwork& network);

  const std::vector<Condition>& conditions() const { return conditions_; }
  size_t size() const { return members_.size(); }
  /// The network's output for a condition of the group.
  const OutputSpec& output_for(size_t member, Condition condition) const;

  /// The transform as it concerns this group: where there are sides they are mirrored onto one already.
  TtaTransform own_transform(TtaTransform transform) const;

  LocatedRegions located(const Study& study, const Spine& spine) const;

  /// The regions that tell of a finding, as places in `located`: those whose first view can be cut, or all where none
  /// can.
  std::vector<size_t> regions_for(size_t finding, const LocatedRegions& located) const;

  /// What people are shown of a region as the place of a condition: the first network's first view that is centred on
  /// the condition's anchor, or its first view of all.
  std::optional<Crop> shown_crop(const Study& study, const Spine& spine, const LocatedRegions& located, size_t region,
                                 Condition condition) const;

  /// What every network takes of these regions (places in `located`), which may be none, in one transform.
  PreparedTransform prepared(const Study& study, const Spine& spine, const LocatedRegions& located,
                             const std::vector<size_t>& regions, const TtaTransform& transform) const;

  /// What network `member` says in a transform of at least one region.
  RegionPredictions predictions(size_t member, const PreparedTransform& transform) const;

  /// What it says of no region.
  RegionPredictions empty_predictions(size_t member) const;

 private:
  struct Member {
    NetworkSpec spec;
    Network network;
    std::shared_ptr<GraderNetworkImpl> grader;  ///< null: an exported network
    std::vector<View> views;
  };

  std::vector<Condition> conditions_;
  torch::Device device_;
  torch::ScalarType precision_;
  std::vector<Member> members_;
};

}  // namespace lumbargrade
