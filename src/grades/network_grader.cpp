#include "grades/network_grader.h"

#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "grades/condition_networks.h"

namespace lumbargrade {
namespace {

/// What is known of one condition of a study while its networks look at it.
struct ConditionVotes {
  ShownFindings shown;
  std::vector<AttentionMean> attention;  ///< by finding
  std::vector<torch::Tensor> logits;     ///< N x 3 each, all of the same weight
  /// By look that differs from those before.
  std::vector<std::pair<LookSpec, std::vector<NetworkAnswers>>> answers;
};

/// What the networks of every condition say in one look.
struct LookAnswers {
  std::vector<std::vector<NetworkAnswers>> conditions;  ///< empty where the look is none of the condition's
  std::vector<bool> is_new;                             ///< false: the condition saw the same in an earlier look
};

NetworkGrade grade_of(const torch::Tensor& probabilities, const Crop& crop, const AttentionMean& attention) {
  NetworkGrade grade{{}, crop.point_patient, crop.series_instance_uid, crop.sop_instance_uid, attention.mean()};
  for (size_t c = 0; c < grade.probabilities.size(); ++c) {
    grade.probabilities[c] = probabilities[static_cast<std::int64_t>(c)].item<double>();
  }
  return grade;
}

}  // namespace

struct NetworkGrader::Networks {
  std::vector<ConditionNetworks> conditions;
  std::vector<BundleNetwork> mixers;

  /// All looks of all heads, each once.
  std::vector<LookSpec> looks() const {
    std::vector<LookSpec> all;
    for (const ConditionNetworks& networks : conditions) {
      for (const LookSpec& look : networks.head().looks) {
        if (std::find(all.begin(), all.end(), look) == all.end()) all.push_back(look);
      }
    }
    return all;
  }

  LookAnswers look(const Study& study, const Spine& spine, const LookSpec& look,
                   std::vector<ConditionVotes>& votes) const {
    LookAnswers result{std::vector<std::vector<NetworkAnswers>>(conditions.size()),
                       std::vector<bool>(conditions.size(), false)};
    for (size_t c = 0; c < conditions.size(); ++c) {
      const auto& looks = conditions[c].head().looks;
      if (std::find(looks.begin(), looks.end(), look) == looks.end()) continue;
      auto& seen = votes[c].answers;
      const LookSpec own = conditions[c].own_look(look);
      auto found = std::find_if(seen.begin(), seen.end(), [&](const auto& item) { return item.first == own; });
      result.is_new[c] = found == seen.end();
      if (found == seen.end()) {
        auto answers = conditions[c].look(study, spine, votes[c].shown, own, votes[c].attention);
        found = seen.insert(seen.end(), {own, std::move(answers)});
      }
      result.conditions[c] = found->second;
    }
    return result;
  }

  /// The votes of one look: of the mixers where networks are joined by one, else of the networks themselves.
  void vote(const LookAnswers& look, std::vector<ConditionVotes>& votes) const {
    for (const BundleNetwork& mixer : mixers) mix(mixer, look, votes);
    for (size_t c = 0; c < conditions.size(); ++c) {
      for (const NetworkAnswers& answer : look.conditions[c]) {
        if (look.is_new[c] && !is_joined(answer.network)) votes[c].logits.push_back(answer.answers.logits);
      }
    }
  }

  /// Networks that a mixer joins are looked through together, and their features fit it.
  void check_mixer(const BundleNetwork& mixer) const {
    const HeadSpec* first = nullptr;
    std::int64_t features = 0;
    for (const std::string& name : mixer.spec.members) {
      for (const ConditionNetworks& networks : conditions) {
        if (!networks.has(name)) continue;
        features += networks.features_of(name);
        if (first == nullptr) first = &networks.head();
        if (first->looks == networks.head().looks && first->combine == networks.head().combine) continue;
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
  bool is_joined(const std::string& network) const {
    return std::any_of(mixers.begin(), mixers.end(), [&](const BundleNetwork& mixer) {
      return std::count(mixer.spec.members.begin(), mixer.spec.members.end(), network) > 0;
    });
  }

  void mix(const BundleNetwork& mixer, const LookAnswers& look, std::vector<ConditionVotes>& votes) const {
    std::vector<MemberAnswers> members;
    std::set<size_t> joined;
    for (const std::string& name : mixer.spec.members) {
      for (size_t c = 0; c < conditions.size(); ++c) {
        for (const NetworkAnswers& answer : look.conditions[c]) {
          if (answer.network != name) continue;
          members.push_back(answer.answers);
          joined.insert(c);
        }
      }
    }
    if (joined.empty()) return;  // of a look of other heads
    const TensorMap inputs = mixer_inputs(members, conditions[*joined.begin()].head().combine);
    const torch::Tensor mixed = mixer.network.forward(inputs).at("grade")[0].transpose(0, 1);  // 25 x 3
    for (const size_t c : joined) {
      const std::vector<std::int64_t> rows(votes[c].shown.findings.begin(), votes[c].shown.findings.end());
      votes[c].logits.push_back(mixed.index_select(0, torch::tensor(rows, torch::kLong)));
    }
  }
};

NetworkGrader::NetworkGrader(const Bundle& bundle, const std::string& device, const std::string& precision)
    : networks_(std::make_unique<Networks>()) {
  for (const HeadSpec& head : bundle.manifest.grading.heads) {
    networks_->conditions.emplace_back(bundle, head, device, precision);
  }
  for (const BundleNetwork& network : bundle.networks) {
    if (network.spec.role != kMixerRole) continue;
    networks_->check_mixer(network);
    networks_->mixers.push_back(network);
  }
}

NetworkGrader::~NetworkGrader() = default;
NetworkGrader::NetworkGrader(NetworkGrader&&) noexcept = default;
NetworkGrader& NetworkGrader::operator=(NetworkGrader&&) noexcept = default;

bool NetworkGrader::has_networks() const {
  return !networks_->conditions.empty();
}

NetworkGrades NetworkGrader::grade(const Study& study, const Spine& spine) const {
  const torch::InferenceMode inference;
  std::vector<ConditionVotes> votes;
  for (const ConditionNetworks& networks : networks_->conditions) {
    ShownFindings shown = networks.shown(study, spine);
    std::vector<AttentionMean> attention(shown.findings.size());
    votes.push_back({std::move(shown), std::move(attention), {}, {}});
  }
  for (const LookSpec& look : networks_->looks()) {
    networks_->vote(networks_->look(study, spine, look, votes), votes);
  }
  NetworkGrades grades;
  for (size_t c = 0; c < votes.size(); ++c) {
    const auto& [findings, crops] = votes[c].shown;
    if (findings.empty()) continue;
    const HeadSpec& head = networks_->conditions[c].head();
    const torch::Tensor probabilities =
        torch::softmax(combined_logits(votes[c].logits, head.combine) / head.temperature, 1);
    for (size_t k = 0; k < findings.size(); ++k) {
      grades[findings[k]] =
          grade_of(probabilities[static_cast<std::int64_t>(k)], *crops.crops[k], votes[c].attention[k]);
    }
  }
  return grades;
}

}  // namespace lumbargrade
