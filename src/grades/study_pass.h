#pragma once

#include <torch/types.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "grades/attention.h"
#include "grades/network_group.h"

namespace lumbargrade {

/// A network by its group and its place there.
struct MemberPlace {
  size_t group = 0;
  size_t member = 0;
};

/// One condition with the networks that grade it, in the bundle's order.
struct GradedCondition {
  ConditionSpec spec;
  std::vector<MemberPlace> members;
};

/// What is known of one condition of a study while its networks look at it.
struct ConditionVotes {
  std::vector<size_t> findings;                  ///< that are graded: indices into all_findings()
  std::vector<AttentionMean> attention;          ///< by finding
  std::vector<torch::Tensor> logits;             ///< N x 3 each, all of the same weight
  std::vector<std::vector<TtaTransform>> voted;  ///< what the networks' own transforms were in each vote
};

/// What a group of networks sees of one study.
struct GroupPass {
  LocatedRegions located;
  std::vector<size_t> regions;  ///< that the networks are run on: places in `located`
  /// By own transform, then by network.
  std::vector<std::pair<TtaTransform, std::vector<RegionAnswers>>> answers;

  const std::vector<RegionAnswers>* seen_in(const TtaTransform& own) const {
    const auto found =
        std::find_if(answers.begin(), answers.end(), [&](const auto& item) { return item.first == own; });
    return found == answers.end() ? nullptr : &found->second;
  }

  /// The rows of answers that tell of a finding, given its regions.
  std::vector<std::int64_t> rows_of(const std::vector<size_t>& of_finding) const {
    std::vector<std::int64_t> rows;
    for (size_t row = 0; row < regions.size(); ++row) {
      if (std::count(of_finding.begin(), of_finding.end(), regions[row]) > 0)
        rows.push_back(static_cast<std::int64_t>(row));
    }
    return rows;
  }
};

/// What is known of one study.
struct StudyPass {
  const Study& study;
  const Spine& spine;
  std::vector<GroupPass> groups;
  std::vector<ConditionVotes> votes;
};

}  // namespace lumbargrade
