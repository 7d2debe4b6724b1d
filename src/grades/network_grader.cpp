#include "grades/network_grader.h"

#include <torch/types.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "grades/condition_networks.h"
#include "grades/study_stacking.h"
#include "network/parallel_for.h"

namespace lumbargrade {
namespace {

/// What is known of one condition of a study while its networks look at it.
struct ConditionVotes {
  ShownFindings shown;
  std::vector<AttentionMean> attention;  ///< by finding
  std::vector<torch::Tensor> logits;     ///< N x 3 each, all of the same weight
  /// By transform that differs from those before.
  std::vector<std::pair<TtaTransform, std::vector<NetworkPredictions>>> answers;
};

/// What the networks of every condition say in one transform.
struct TransformPredictions {
  std::vector<std::vector<NetworkPredictions>> conditions;  ///< empty where the transform is none of the condition's
  std::vector<bool> is_new;  ///< false: the condition saw the same under an earlier transform
};

NetworkGrade grade_of(const torch::Tensor& probabilities, const Crop& crop, const AttentionMean& attention) {
  return {probabilities_of(probabilities), crop.point_patient, crop.series_instance_uid,
          crop.sop_instance_uid,           attention.mean(),   crop.origin};
}

}  // namespace

struct NetworkGrader::Networks {
  std::vector<ConditionNetworks> conditions;
  std::vector<BundleNetwork> mixers;
  std::optional<BundleNetwork> stack;

  /// All transforms of all conditions, each once.
  std::vector<TtaTransform> tta() const {
    std::vector<TtaTransform> all;
    for (const ConditionNetworks& networks : conditions) {
      for (const TtaTransform& transform : networks.spec().tta) {
        if (std::find(all.begin(), all.end(), transform) == all.end()) all.push_back(transform);
      }
    }
    return all;
  }

  TransformPredictions predictions(const Study& study, const Spine& spine, const TtaTransform& transform,
                                   std::vector<ConditionVotes>& votes) const {
    TransformPredictions result{std::vector<std::vector<NetworkPredictions>>(conditions.size()),
                                std::vector<bool>(conditions.size(), false)};
    std::vector<ConditionPass> fresh;
    for (size_t c = 0; c < conditions.size(); ++c) {
      if (!has_transform(c, transform)) continue;
      const TtaTransform own = conditions[c].own_transform(transform);
      result.is_new[c] = seen_in(votes[c], own) == nullptr;
      if (result.is_new[c]) fresh.push_back({c, own, {}, {}});
    }
    run(study, spine, votes, fresh);
    for (const ConditionPass& item : fresh) {
      ConditionVotes& own = votes[item.condition];
      own.answers.emplace_back(
          item.transform, conditions[item.condition].answers(own.shown, item.prepared, item.outputs, own.attention));
    }
    for (size_t c = 0; c < conditions.size(); ++c) {
      if (has_transform(c, transform))
        result.conditions[c] = *seen_in(votes[c], conditions[c].own_transform(transform));
    }
    return result;
  }

  /// The votes of one transform: of the mixers where networks are joined by one, else of the networks themselves.
  void vote(const TransformPredictions& transform, std::vector<ConditionVotes>& votes) const {
    for (const BundleNetwork& mixer : mixers) mix(mixer, transform, votes);
    for (size_t c = 0; c < conditions.size(); ++c) {
      for (const NetworkPredictions& answer : transform.conditions[c]) {
        if (transform.is_new[c] && !is_joined(answer.network)) votes[c].logits.push_back(answer.answers.logits);
      }
    }
  }

  /// What the networks say, corrected by the stack, in place of `logits` (by condition, N x 3, undefined where nothing
  /// was shown).
  void correct(const std::vector<ConditionVotes>& votes, std::vector<torch::Tensor>& logits) const {
    StudyAnswers answers;
    for (size_t c = 0; c < votes.size(); ++c) {
      const std::vector<size_t>& findings = votes[c].shown.findings;
      if (findings.empty()) continue;
      const torch::Tensor probabilities = torch::softmax(logits[c], 1);
      for (size_t k = 0; k < findings.size(); ++k) {
        answers[findings[k]] = probabilities_of(probabilities[static_cast<std::int64_t>(k)]);
      }
    }
    const torch::Tensor corrected = stack->network.forward(stack_inputs(answers)).at("grade")[0].transpose(0, 1);
    for (size_t c = 0; c < votes.size(); ++c) {
      const std::vector<std::int64_t> rows(votes[c].shown.findings.begin(), votes[c].shown.findings.end());
      if (!rows.empty()) logits[c] = corrected.index_select(0, torch::tensor(rows)).to(torch::kFloat64);
    }
  }

  void check_stack() const {
    if (!stack || stack->spec.architecture == "study_stack") return;
    throw Error(ErrorKind::BundleInvalid, text("the network ", stack->spec.name, " of the role ", kStackRole,
                                               " has the architecture ", stack->spec.architecture));
  }

  /// Whether a mixer joins networks of the condition.
  bool any_is_joined(const Bundle& bundle, Condition condition) const {
    return std::any_of(bundle.networks.begin(), bundle.networks.end(), [&](const BundleNetwork& network) {
      return network.spec.role == grading_role(condition) && is_joined(network.spec.name);
    });
  }

  /// Networks that a mixer joins are looked through together, and their features fit it.
  void check_mixer(const BundleNetwork& mixer) const {
    const ConditionSpec* first = nullptr;
    std::int64_t features = 0;
    for (const std::string& name : mixer.spec.members) {
      for (const ConditionNetworks& networks : conditions) {
        if (!networks.has(name)) continue;
        features += networks.features_of(name);
        if (first == nullptr) first = &networks.spec();
        if (first->tta == networks.spec().tta && first->combine == networks.spec().combine) continue;
        throw Error(ErrorKind::BundleInvalid,
                    text("the study mixer ", mixer.spec.name, " joins heads of different looks or ways to combine"));
      }
    }
    const auto expected = mixer.spec.parameters.value("features", std::int64_t{0});
    if (mixer.spec.architecture == "study_mixer" && features == expected) return;
    throw Error(ErrorKind::BundleInvalid, text("the study mixer ", mixer.spec.name, " (", mixer.spec.architecture,
                                               ") takes ", expected, " features, its networks give ", features));
  }

 private:
  /// One condition's part of a transform.
  struct ConditionPass {
    size_t condition;
    TtaTransform transform;
    PreparedTransform prepared;
    std::vector<GraderOutput> outputs;  ///< by network
  };

  bool has_transform(size_t condition, const TtaTransform& transform) const {
    const auto& transforms = conditions[condition].spec().tta;
    return std::find(transforms.begin(), transforms.end(), transform) != transforms.end();
  }

  /// The condition's answers in a transform of its own; null where it has not looked so yet.
  static const std::vector<NetworkPredictions>* seen_in(const ConditionVotes& votes, const TtaTransform& own) {
    const auto found =
        std::find_if(votes.answers.begin(), votes.answers.end(), [&](const auto& item) { return item.first == own; });
    return found == votes.answers.end() ? nullptr : &found->second;
  }

  /// Cuts what the transforms show and runs the networks on it: all of them side by side, since each is small.
  void run(const Study& study, const Spine& spine, const std::vector<ConditionVotes>& votes,
           std::vector<ConditionPass>& transforms) const {
    parallel_for(transforms.size(), [&](size_t k) {
      ConditionPass& item = transforms[k];
      item.prepared = conditions[item.condition].prepared(study, spine, votes[item.condition].shown, item.transform);
      item.outputs.resize(item.prepared.views.size());
    });
    std::vector<std::pair<ConditionPass*, size_t>> passes;
    for (ConditionPass& item : transforms) {
      for (size_t member = 0; member < item.outputs.size(); ++member) passes.emplace_back(&item, member);
    }
    parallel_for(passes.size(), [&](size_t k) {
      auto& [item, member] = passes[k];
      item->outputs[member] = conditions[item->condition].output(member, item->prepared);
    });
  }

  bool is_joined(const std::string& network) const {
    return std::any_of(mixers.begin(), mixers.end(), [&](const BundleNetwork& mixer) {
      return std::count(mixer.spec.members.begin(), mixer.spec.members.end(), network) > 0;
    });
  }

  void mix(const BundleNetwork& mixer, const TransformPredictions& transform,
           std::vector<ConditionVotes>& votes) const {
    std::vector<MemberPredictions> members;
    std::set<size_t> joined;
    for (const std::string& name : mixer.spec.members) {
      for (size_t c = 0; c < conditions.size(); ++c) {
        for (const NetworkPredictions& answer : transform.conditions[c]) {
          if (answer.network != name) continue;
          members.push_back(answer.answers);
          joined.insert(c);
        }
      }
    }
    if (joined.empty()) return;  // of a transform of other conditions
    const TensorMap inputs = mixer_inputs(members, conditions[*joined.begin()].spec().combine);
    const torch::Tensor mixed = mixer.network.forward(inputs).at("grade")[0].transpose(0, 1);  // 25 x 3
    for (const size_t c : joined) {
      const std::vector<std::int64_t> rows(votes[c].shown.findings.begin(), votes[c].shown.findings.end());
      votes[c].logits.push_back(mixed.index_select(0, torch::tensor(rows, torch::kLong)));
    }
  }
};

NetworkGrader::NetworkGrader(const Bundle& bundle, const std::string& device, const std::string& precision)
    : networks_(std::make_unique<Networks>()) {
  for (const BundleNetwork& network : bundle.networks) {
    if (network.spec.role == kMixerRole) networks_->mixers.push_back(network);
    if (network.spec.role == kStackRole) networks_->stack = network;
  }
  for (const ConditionSpec& spec : bundle.manifest.grading.conditions) {
    // Kept in the bundle, but without a say. What a second stage hears is needed for what it says of the others.
    if (spec.model_weight == 0 && !networks_->stack && !networks_->any_is_joined(bundle, spec.condition)) continue;
    networks_->conditions.emplace_back(bundle, spec, device, precision);
  }
  for (const BundleNetwork& mixer : networks_->mixers) networks_->check_mixer(mixer);
  networks_->check_stack();
}

NetworkGrader::~NetworkGrader() = default;
NetworkGrader::NetworkGrader(NetworkGrader&&) noexcept = default;
NetworkGrader& NetworkGrader::operator=(NetworkGrader&&) noexcept = default;

bool NetworkGrader::has_networks() const {
  return !networks_->conditions.empty();
}

NetworkGrades NetworkGrader::grade(const Study& study, const Spine& spine) const {
  const torch::InferenceMode inference;
  std::vector<ConditionVotes> votes(networks_->conditions.size());
  parallel_for(votes.size(), [&](size_t c) {
    votes[c].shown = networks_->conditions[c].shown(study, spine);
    votes[c].attention.resize(votes[c].shown.findings.size());
  });
  for (const TtaTransform& transform : networks_->tta()) {
    networks_->vote(networks_->predictions(study, spine, transform, votes), votes);
  }
  std::vector<torch::Tensor> logits(votes.size());
  for (size_t c = 0; c < votes.size(); ++c) {
    const std::string& combine = networks_->conditions[c].spec().combine;
    if (!votes[c].shown.findings.empty()) logits[c] = combined_logits(votes[c].logits, combine);
  }
  if (networks_->stack) networks_->correct(votes, logits);
  NetworkGrades grades;
  for (size_t c = 0; c < votes.size(); ++c) {
    const auto& [findings, crops] = votes[c].shown;
    if (findings.empty()) continue;
    const torch::Tensor probabilities = torch::softmax(logits[c] / networks_->conditions[c].spec().temperature, 1);
    for (size_t k = 0; k < findings.size(); ++k) {
      grades[findings[k]] =
          grade_of(probabilities[static_cast<std::int64_t>(k)], *crops.crops[k], votes[c].attention[k]);
    }
  }
  return grades;
}

}  // namespace lumbargrade
