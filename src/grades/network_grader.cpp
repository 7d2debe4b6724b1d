#include "grades/network_grader.h"

#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "grades/network_group.h"
#include "grades/study_stacking.h"
#include "network/parallel_for.h"

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
  std::vector<std::pair<TtaTransform, std::vector<RegionPredictions>>> predictions;

  const std::vector<RegionPredictions>* seen_in(const TtaTransform& own) const {
    const auto found =
        std::find_if(predictions.begin(), predictions.end(), [&](const auto& item) { return item.first == own; });
    return found == predictions.end() ? nullptr : &found->second;
  }

  /// The rows of predictions that tell of a finding, given its regions.
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

namespace {

NetworkGrade grade_of(const torch::Tensor& probabilities, const Crop& crop, const AttentionMean& attention) {
  return {probabilities_of(probabilities), crop.point_patient, crop.series_instance_uid,
          crop.sop_instance_uid,           attention.mean(),   crop.origin};
}

}  // namespace

struct NetworkGrader::Networks {
  std::vector<NetworkGroup> groups;
  std::vector<GradedCondition> conditions;
  std::optional<BundleNetwork> stack;

  /// All transforms of all conditions, each once.
  std::vector<TtaTransform> tta() const {
    std::vector<TtaTransform> all;
    for (const GradedCondition& graded : conditions) {
      for (const TtaTransform& transform : graded.spec.tta) {
        if (std::find(all.begin(), all.end(), transform) == all.end()) all.push_back(transform);
      }
    }
    return all;
  }

  /// A network of the bundle, where any condition wants it.
  void add(const BundleNetwork& network, const std::string& device, const std::string& precision) {
    std::vector<Condition> graded = graded_conditions(network.spec);
    std::sort(graded.begin(), graded.end());
    const auto wants = [&](const GradedCondition& condition) { return grades(network.spec, condition.spec.condition); };
    if (std::none_of(conditions.begin(), conditions.end(), wants)) return;
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const NetworkGroup& known) { return known.conditions() == graded; });
    if (group == groups.end()) group = groups.insert(group, NetworkGroup(graded, device, precision));
    group->add(network);
    const MemberPlace place{static_cast<size_t>(group - groups.begin()), group->size() - 1};
    for (GradedCondition& condition : conditions) {
      if (wants(condition)) condition.members.push_back(place);
    }
  }

  /// Which findings are graded: of every condition those whose level was found and of which the first network's first
  /// view shows a region. Groups are run on the regions of these.
  StudyPass begin(const Study& study, const Spine& spine) const {
    StudyPass pass{study, spine, std::vector<GroupPass>(groups.size()), std::vector<ConditionVotes>(conditions.size())};
    parallel_for(groups.size(), [&](size_t g) { pass.groups[g].located = groups[g].located(study, spine); });
    for (size_t c = 0; c < conditions.size(); ++c) {
      const size_t lead = conditions[c].members.front().group;
      const LocatedRegions& located = pass.groups[lead].located;
      for (size_t finding = 0; finding < kFindingCount; ++finding) {
        if (all_findings()[finding].condition != conditions[c].spec.condition) continue;
        const std::vector<size_t> regions = groups[lead].regions_for(finding, located);
        if (regions.empty() || !located.crops.crops[regions.front()]) continue;
        pass.votes[c].findings.push_back(finding);
        for (const MemberPlace& place : conditions[c].members) want_regions(finding, place.group, pass);
      }
      pass.votes[c].attention.resize(pass.votes[c].findings.size());
    }
    for (GroupPass& group : pass.groups) std::sort(group.regions.begin(), group.regions.end());
    return pass;
  }

  /// Adds what the networks say in one transform to the votes of every condition that has not seen the same under an
  /// earlier one.
  void vote(const TtaTransform& transform, StudyPass& pass) const {
    run(transform, pass);
    for (size_t c = 0; c < conditions.size(); ++c) {
      if (!has_transform(c, transform)) continue;
      std::vector<TtaTransform> own;
      for (const MemberPlace& place : conditions[c].members)
        own.push_back(groups[place.group].own_transform(transform));
      ConditionVotes& votes = pass.votes[c];
      if (std::find(votes.voted.begin(), votes.voted.end(), own) != votes.voted.end()) continue;
      for (size_t k = 0; k < own.size(); ++k) {
        votes.logits.push_back(logits_of(conditions[c].members[k], own[k], c, pass));
      }
      add_attention(transform, c, pass);
      votes.voted.push_back(std::move(own));
    }
  }

  /// What people are shown of a finding: the crop of its first region.
  Crop shown_crop(const StudyPass& pass, size_t condition, size_t finding) const {
    const size_t lead = conditions[condition].members.front().group;
    const LocatedRegions& located = pass.groups[lead].located;
    const size_t region = groups[lead].regions_for(finding, located).front();
    return *groups[lead].shown_crop(pass.study, pass.spine, located, region, conditions[condition].spec.condition);
  }

  /// What the networks say, corrected by the stack, in place of `logits` (by condition, N x 3, undefined where nothing
  /// was shown).
  void correct(const std::vector<ConditionVotes>& votes, std::vector<torch::Tensor>& logits) const {
    StudyPredictions predictions;
    for (size_t c = 0; c < votes.size(); ++c) {
      const std::vector<size_t>& findings = votes[c].findings;
      if (findings.empty()) continue;
      const torch::Tensor probabilities = torch::softmax(logits[c], 1);
      for (size_t k = 0; k < findings.size(); ++k) {
        predictions[findings[k]] = probabilities_of(probabilities[static_cast<std::int64_t>(k)]);
      }
    }
    const torch::Tensor corrected = stack->network.forward(stack_inputs(predictions)).at("grade")[0].transpose(0, 1);
    for (size_t c = 0; c < votes.size(); ++c) {
      const std::vector<std::int64_t> rows(votes[c].findings.begin(), votes[c].findings.end());
      if (!rows.empty()) logits[c] = corrected.index_select(0, torch::tensor(rows)).to(torch::kFloat64);
    }
  }

  void check_stack() const {
    if (!stack || stack->spec.architecture == "study_stack") return;
    throw Error(ErrorKind::BundleInvalid, text("the network ", stack->spec.name, " of the role ", kStackRole,
                                               " has the architecture ", stack->spec.architecture));
  }

 private:
  /// One group's part of a transform that it has not seen yet.
  struct FreshPass {
    size_t group;
    TtaTransform own;
    PreparedTransform prepared;
    std::vector<RegionPredictions> predictions;  ///< by network
  };

  bool has_transform(size_t condition, const TtaTransform& transform) const {
    const auto& transforms = conditions[condition].spec.tta;
    return std::find(transforms.begin(), transforms.end(), transform) != transforms.end();
  }

  /// Whether any condition that the group serves has the transform.
  bool is_wanted(size_t group, const TtaTransform& transform) const {
    for (size_t c = 0; c < conditions.size(); ++c) {
      const auto& members = conditions[c].members;
      const bool serves = std::any_of(members.begin(), members.end(),
                                      [group](const MemberPlace& place) { return place.group == group; });
      if (serves && has_transform(c, transform)) return true;
    }
    return false;
  }

  void want_regions(size_t finding, size_t group, StudyPass& pass) const {
    std::vector<size_t>& wanted = pass.groups[group].regions;
    for (const size_t region : groups[group].regions_for(finding, pass.groups[group].located)) {
      if (std::count(wanted.begin(), wanted.end(), region) == 0) wanted.push_back(region);
    }
  }

  /// Cuts what the groups have not seen yet of a transform and runs the networks on it: all of them side by side, since
  /// each is small.
  void run(const TtaTransform& transform, StudyPass& pass) const {
    std::vector<FreshPass> fresh;
    for (size_t g = 0; g < groups.size(); ++g) {
      const TtaTransform own = groups[g].own_transform(transform);
      if (is_wanted(g, transform) && pass.groups[g].seen_in(own) == nullptr) fresh.push_back({g, own, {}, {}});
    }
    parallel_for(fresh.size(), [&](size_t k) {
      FreshPass& item = fresh[k];
      const GroupPass& group = pass.groups[item.group];
      item.prepared = groups[item.group].prepared(pass.study, pass.spine, group.located, group.regions, item.own);
    });
    std::vector<std::pair<FreshPass*, size_t>> passes;
    for (FreshPass& item : fresh) {
      for (size_t member = 0; member < groups[item.group].size(); ++member) {
        item.predictions.push_back(groups[item.group].empty_predictions(member));
        if (!item.prepared.views.empty()) passes.emplace_back(&item, member);
      }
    }
    parallel_for(passes.size(), [&](size_t k) {
      auto& [item, member] = passes[k];
      item->predictions[member] = groups[item->group].predictions(member, item->prepared);
    });
    for (FreshPass& item : fresh)
      pass.groups[item.group].predictions.emplace_back(item.own, std::move(item.predictions));
  }

  /// What a network says of the condition's findings: of the canal, where it knows sides, the mean of both.
  torch::Tensor logits_of(const MemberPlace& place, const TtaTransform& own, size_t condition,
                          const StudyPass& pass) const {
    const NetworkGroup& networks = groups[place.group];
    const GroupPass& group = pass.groups[place.group];
    const RegionPredictions& predictions = (*group.seen_in(own))[place.member];
    const std::vector<size_t>& findings = pass.votes[condition].findings;
    std::vector<std::int64_t> first, last;
    for (const size_t finding : findings) {
      const auto rows = group.rows_of(networks.regions_for(finding, group.located));
      first.push_back(rows.front());
      last.push_back(rows.back());
    }
    const ConditionSpec& spec = conditions[condition].spec;
    const torch::Tensor& logits = predictions.logits.at(networks.output_for(place.member, spec.condition).name);
    torch::Tensor said = logits.index_select(0, torch::tensor(first, torch::kLong));
    if (first == last) return said;
    const torch::Tensor other = logits.index_select(0, torch::tensor(last, torch::kLong));
    return combined_logits({said, other}, spec.combine).to(torch::kFloat32);
  }

  /// What the networks of a condition looked at in a transform.
  void add_attention(const TtaTransform& transform, size_t condition, StudyPass& pass) const {
    ConditionVotes& votes = pass.votes[condition];
    for (const MemberPlace& place : conditions[condition].members) {
      const GroupPass& group = pass.groups[place.group];
      const RegionPredictions& predictions =
          (*group.seen_in(groups[place.group].own_transform(transform)))[place.member];
      for (size_t k = 0; k < votes.findings.size(); ++k) {
        for (const auto row : group.rows_of(groups[place.group].regions_for(votes.findings[k], group.located))) {
          for (const ViewAttention& view : predictions.attention[static_cast<size_t>(row)])
            votes.attention[k].add(view);
        }
      }
    }
  }
};

NetworkGrader::NetworkGrader(const Bundle& bundle, const std::string& device, const std::string& precision)
    : networks_(std::make_shared<Networks>()) {
  for (const BundleNetwork& network : bundle.networks) {
    if (network.spec.role == kStackRole) networks_->stack = network;
  }
  for (const ConditionSpec& spec : bundle.manifest.grading.conditions) {
    // Kept in the bundle, but without a say. What a second stage hears is needed for what it says of the others.
    if (spec.model_weight == 0 && !networks_->stack) continue;
    networks_->conditions.push_back({spec, {}});
  }
  for (const BundleNetwork& network : bundle.networks) networks_->add(network, device, precision);
  networks_->check_stack();
}

bool NetworkGrader::has_networks() const {
  return !networks_->conditions.empty();
}

NetworkGrades NetworkGrader::grade(const Study& study, const Spine& spine) const {
  const torch::InferenceMode inference;
  StudyPass pass = networks_->begin(study, spine);
  std::vector<ConditionVotes>& votes = pass.votes;
  for (const TtaTransform& transform : networks_->tta()) networks_->vote(transform, pass);
  std::vector<torch::Tensor> logits(votes.size());
  for (size_t c = 0; c < votes.size(); ++c) {
    const std::string& combine = networks_->conditions[c].spec.combine;
    if (!votes[c].findings.empty()) logits[c] = combined_logits(votes[c].logits, combine);
  }
  if (networks_->stack) networks_->correct(votes, logits);
  NetworkGrades grades;
  for (size_t c = 0; c < votes.size(); ++c) {
    const std::vector<size_t>& findings = votes[c].findings;
    if (findings.empty()) continue;
    const torch::Tensor probabilities = torch::softmax(logits[c] / networks_->conditions[c].spec.temperature, 1);
    for (size_t k = 0; k < findings.size(); ++k) {
      grades[findings[k]] = grade_of(probabilities[static_cast<std::int64_t>(k)],
                                     networks_->shown_crop(pass, c, findings[k]), votes[c].attention[k]);
    }
  }
  return grades;
}

}  // namespace lumbargrade
