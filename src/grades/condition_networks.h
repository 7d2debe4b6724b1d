#pragma once

#include <torch/types.h>

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "crops/crop.h"
#include "grades/attention.h"
#include "grades/study_mixing.h"
#include "network/architecture.h"
#include "network/grader_network.h"

namespace lumbargrade {

/// One view of several findings, as it was cut and as a network takes it.
struct CutView {
  View view;
  std::vector<std::optional<Crop>> crops;  ///< by finding
  TensorMap inputs;                        ///< made when a network asks for them
};

/// The findings of a condition that its networks look at in one study.
struct ShownFindings {
  std::vector<size_t> findings;  ///< indices into all_findings()
  CutView crops;                 ///< of the first network's first view: all of them are there
};

/// What the networks of a condition take of a study in one transform.
struct PreparedTransform {
  std::list<CutView> cut;                          ///< networks mostly share their views
  std::vector<std::vector<const CutView*>> views;  ///< by network, in `cut`; none where nothing is shown
};

/// What a network said.
struct NetworkPredictions {
  std::string network;  ///< its name in the bundle
  MemberPredictions answers;
};

/// The views of a network that grades: a `grader` or an `exported`. Error (BundleInvalid) that names what this version
/// does not run: another architecture, an input none that crops can be cut for, outputs other than the softmax of three
/// grades.
std::vector<View> grader_views(const NetworkSpec& spec);

/// The networks of a bundle that grade one condition, ready for inference.
class ConditionNetworks {
 public:
  /// Errors as of NetworkGrader.
  ConditionNetworks(const Bundle& bundle, const ConditionSpec& spec, const std::string& device,
                    const std::string& precision);

  const ConditionSpec& spec() const { return spec_; }
  bool has(const std::string& network) const;
  /// How many features this network has for a study mixer; an exported one has none.
  std::int64_t features_of(const std::string& network) const;

  /// The transform as it concerns this condition: sided crops are mirrored onto one side already.
  TtaTransform own_transform(TtaTransform transform) const;

  /// The findings whose level was found and that the first network's first view shows.
  ShownFindings shown(const Study& study, const Spine& spine) const;

  size_t size() const { return members_.size(); }

  /// What every network takes of these findings, which may be none, in one transform.
  PreparedTransform prepared(const Study& study, const Spine& spine, const ShownFindings& shown,
                             const TtaTransform& transform) const;

  /// What network `member` computes of a transform that shows something.
  GraderOutput output(size_t member, const PreparedTransform& transform) const;

  /// What the networks say, from their outputs. Adds to `attention`, by finding.
  std::vector<NetworkPredictions> answers(const ShownFindings& shown, const PreparedTransform& transform,
                                          const std::vector<GraderOutput>& outputs,
                                          std::vector<AttentionMean>& attention) const;

 private:
  struct Member {
    NetworkSpec spec;
    Network network;
    std::shared_ptr<GraderNetworkImpl> grader;  ///< null: an exported network
    std::vector<View> views;

    std::int64_t features() const { return grader ? grader->features() : 0; }
  };

  void add_inputs(CutView& cut) const;
  std::vector<NetworkPredictions> empty_predictions() const;

  ConditionSpec spec_;
  torch::Device device_;
  torch::ScalarType precision_;
  std::vector<Member> members_;
};

}  // namespace lumbargrade
