#include "network/backbone_init.h"

#include <array>

#include "core/error.h"
#include "core/files.h"
#include "core/strict_object.h"
#include "network/backbone.h"
#include "network/pickled_tensors.h"
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

namespace fs = std::filesystem;

constexpr std::array kEndings = {".safetensors", ".bin", ".pth"};
constexpr std::uintmax_t kMaxMapBytes = 1U << 20;

fs::path file_of_map(const fs::path& map, const std::string& backbone) {
  const auto content = file_text(map, kMaxMapBytes);
  if (!content) throw Error(ErrorKind::Usage, text(map.string(), " cannot be read as a map of backbones"));
  const JsonSource source{map.string(), ErrorKind::Usage};
  const nlohmann::json json = parse_strict_json(*content, source, 2);
  const StrictObject object(json, source, "", {}, backbone_names());
  if (!object.has(backbone)) object.fail(backbone, "is missing: the recipe has such a backbone");
  fs::path file = map.parent_path() / object.string(backbone);
  if (!fs::is_regular_file(file)) object.fail(backbone, text("is no file: ", file.string()));
  return file;
}

}  // namespace

fs::path backbone_weights_file(const fs::path& init, const std::string& backbone) {
  if (!fs::is_directory(init)) return init.extension() == ".json" ? file_of_map(init, backbone) : init;
  for (const char* ending : kEndings) {
    fs::path file = init / (backbone + ending);
    if (fs::is_regular_file(file)) return file;
  }
  throw Error(ErrorKind::Usage,
              text(init.string(), " holds no ", backbone, ".safetensors, .bin or .pth, which the recipe needs"));
}

TensorMap read_backbone_weights(const fs::path& file) {
  return file.extension() == ".bin" || file.extension() == ".pth" ? read_pickled_tensors(file) : read_safetensors(file);
}

void load_backbone_init(GraderNetworkImpl& grader, const TensorMap& weights, std::string_view what) {
  const std::string& name = grader.options().backbone.name;
  for (const auto& backbone : grader.backbones()) {
    const Matched matched = match(collect_state(*backbone), weights);
    const std::string misfits = matched.misfits();
    if (!misfits.empty()) {
      throw Error(ErrorKind::Usage, text(what, " does not hold the weights of a ", name, ": ", misfits,
                                         ". Give the file that timm publishes for ", name));
    }
    load_state(*backbone, matched.state, what);
  }
}

}  // namespace lumbargrade
