#include "network/backbone_init.h"

#include <array>

#include "core/error.h"
#include "network/state.h"

namespace lumbargrade {
namespace {

constexpr std::array kClassifiers = {"fc.", "head.fc.", "classifier."};
constexpr const char* kBatchCount = "num_batches_tracked";  // older files lack it, and nothing depends on it
constexpr size_t kNamesShown = 3;

bool is_classifier(const std::string& name) {
  return std::any_of(kClassifiers.begin(), kClassifiers.end(),
                     [&](const char* prefix) { return name.starts_with(prefix); });
}

/// Whether `given` are the kernels of a stem for three colours where ours takes slices.
bool is_colour_stem(const torch::Tensor& own, const torch::Tensor& given) {
  return own.dim() == 4 && given.dim() == 4 && given.size(1) == 3 && own.size(0) == given.size(0) &&
         own.size(2) == given.size(2) && own.size(3) == given.size(3);
}

/// What does not fit, in words.
class Misfits {
 public:
  void add(const std::string& name) {
    if (count_++ < kNamesShown) names_ += (names_.empty() ? "" : ", ") + name;
  }
  void tell(std::string& message, const char* what) const {
    if (count_ == 0) return;
    message +=
        text(message.empty() ? "" : "; ", count_, " ", what, " (", names_, count_ > kNamesShown ? ", ..." : "", ")");
  }

 private:
  size_t count_ = 0;
  std::string names_;
};

struct Matched {
  TensorMap state;
  Misfits missing;
  Misfits misshaped;
  Misfits left_over;

  std::string misfits() const {
    std::string message;
    missing.tell(message, "missing");
    misshaped.tell(message, "of another shape");
    left_over.tell(message, "left over");
    return message;
  }
};

Matched match(const TensorMap& own, const TensorMap& weights) {
  Matched matched;
  for (const auto& [name, tensor] : own) {
    const auto found = weights.find(name);
    if (found != weights.end() && found->second.sizes() == tensor.sizes()) {
      matched.state[name] = found->second;
    } else if (found != weights.end() && is_colour_stem(tensor, found->second)) {
      // Slices that are alike give what a grey picture given three times would.
      const int64_t channels = tensor.size(1);
      const torch::Tensor grey = found->second.to(torch::kFloat).sum(1, true) / static_cast<double>(channels);
      matched.state[name] = grey.expand_as(tensor).contiguous();
    } else if (found == weights.end() && name.ends_with(kBatchCount)) {
      matched.state[name] = tensor.detach().clone();
    } else if (found == weights.end()) {
      matched.missing.add(name);
    } else {
      matched.misshaped.add(text(name, " ", found->second.sizes(), " instead of ", tensor.sizes()));
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (!own.contains(name) && !is_classifier(name)) matched.left_over.add(name);
  }
  return matched;
}

}  // namespace

void load_backbone_init(Backbone& backbone, const std::string& name, const TensorMap& weights, std::string_view what) {
  const Matched matched = match(collect_state(backbone), weights);
  const std::string misfits = matched.misfits();
  if (!misfits.empty()) {
    throw Error(ErrorKind::Usage, text(what, " does not hold the weights of a ", name, ": ", misfits,
                                       ". Give the safetensors file that timm publishes for ", name));
  }
  load_state(backbone, matched.state, what);
}

void load_backbone_init(GraderNetworkImpl& grader, const TensorMap& weights, std::string_view what) {
  for (const auto& backbone : grader.backbones()) {
    load_backbone_init(*backbone, grader.options().backbone.name, weights, what);
  }
}

}  // namespace lumbargrade
