#include "network/exported_network.h"

#include <torch/types.h>
#include <torch/version.h>

#include <algorithm>
#include <iostream>
#include <mutex>

#include "core/error.h"
#include "network/exported_program.h"
#include "network/plain_errors.h"

// LibTorch exports its runner and ships no header for it: the class is declared by hand as it is in the version that it
// was tried with.
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 11
#define LUMBARGRADE_RUNS_EXPORTED 1
#include <ATen/core/ivalue.h>
#include <c10/util/Logging.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <caffe2/serialize/inline_container.h>
#include <sys/mman.h>
#include <unistd.h>

namespace torch::nativert {
class ModelRunner;
class TORCH_API ModelRunnerHandle {
 public:
  ModelRunnerHandle(const std::string& package_path, const std::string& model_name);
  ~ModelRunnerHandle();
  std::vector<c10::IValue> runWithFlatInputsAndOutputs(std::vector<c10::IValue> inputs);

 private:
  std::unique_ptr<ModelRunner> impl_;
};
}  // namespace torch::nativert
#else
#define LUMBARGRADE_RUNS_EXPORTED 0
#endif

namespace lumbargrade {

namespace fs = std::filesystem;

bool runs_exported_networks() {
  return LUMBARGRADE_RUNS_EXPORTED != 0;
}

#if LUMBARGRADE_RUNS_EXPORTED

namespace {

constexpr std::int64_t kExportedGrades = 3;
constexpr std::int64_t kMostFindings = 32;  // in one pass
constexpr std::int64_t kMostBytes = std::int64_t{4} << 30;
constexpr double kLeastShare = 1e-6;
constexpr const char* kValid = ".valid";

/// Ends a pass that takes more memory than a grading network has any use for: LibTorch tells it of every block, on the
/// thread that asks for it, before anything is written there.
class MemoryBound : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*block*/, std::int64_t bytes, size_t /*allocated*/, size_t /*reserved*/,
                         c10::Device /*device*/) override {
    held_ += bytes;
    TORCH_CHECK(bytes <= 0 || held_ <= kMostBytes, "the exported network needs more than ", kMostBytes >> 30,
                " GiB for one pass");
  }
  bool memoryProfilingEnabled() const override { return true; }

 private:
  std::int64_t held_ = 0;
};

/// LibTorch's runner tells what a network takes on standard output, where results go: not while this is there. Loading
/// is done by several threads, and the stream is one.
class QuietOutput {
 public:
  QuietOutput() : lock_(mutex()), kept_(std::cout.rdbuf(nullptr)) {}
  ~QuietOutput() { std::cout.rdbuf(kept_); }
  QuietOutput(const QuietOutput&) = delete;
  QuietOutput& operator=(const QuietOutput&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex only;
    return only;
  }

  std::lock_guard<std::mutex> lock_;
  std::streambuf* kept_;
};

/// A file in memory with a path of its own.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(memfd_create("exported", MFD_CLOEXEC)) {
    if (descriptor_ < 0) throw Error(ErrorKind::Failure, "no memory for an exported network");
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  size_t write(const void* bytes, size_t count) {
    const auto* at = static_cast<const char*>(bytes);
    for (size_t left = count; left > 0;) {
      const ssize_t written = ::write(descriptor_, at, left);
      if (written <= 0) throw Error(ErrorKind::Failure, "no memory for an exported network");
      at += written, left -= static_cast<size_t>(written);
    }
    return count;
  }
  std::string path() const { return text("/proc/self/fd/", descriptor_); }

 private:
  int descriptor_;
};

/// Names `device` wherever the program names one.
void put_on_device(nlohmann::json& value, const torch::Device& device) {
  if (value.is_object()) {
    for (auto& [key, item] : value.items()) {
      if (key == "device" || key == "as_device") {
        item = {{"type", device.is_cuda() ? "cuda" : "cpu"}, {"index", nullptr}};
        if (device.is_cuda()) item["index"] = device.has_index() ? device.index() : 0;
      } else {
        put_on_device(item, device);
      }
    }
  } else if (value.is_array()) {
    for (auto& item : value) put_on_device(item, device);
  }
}

nlohmann::json payload(const std::map<std::string, std::string>& records, const std::string& folder) {
  nlohmann::json config = nlohmann::json::object();
  for (const auto& [name, record] : records) {
    config[name] = {{"path_name", record.substr(folder.size())},
                    {"is_param", true},
                    {"use_pickle", false},
                    {"tensor_meta", nullptr}};
  }
  return {{"config", config}};
}

/// Writes the checked parts of a package, and nothing else, as LibTorch's runner reads them.
void write_package(const ExportedProgram& program, const torch::Device& device, MemoryFile& file) {
  constexpr const char* kWeightFolder = "data/weights/";
  constexpr const char* kConstantFolder = "data/constants/";
  caffe2::serialize::PyTorchStreamWriter writer(
      [&](const void* bytes, size_t count) { return file.write(bytes, count); });
  const auto add = [&](const std::string& name, const std::string& bytes) {
    writer.writeRecord(name, bytes.data(), bytes.size());
  };
  nlohmann::json placed = program.program;
  put_on_device(placed, device);
  add("archive_format", "pt2");
  add("archive_version", "0");
  add("models/model.json", placed.dump());
  add(text(kWeightFolder, "model_weights_config.json"), payload(program.weight_records, kWeightFolder).dump());
  add(text(kConstantFolder, "model_constants_config.json"), payload(program.constant_records, kConstantFolder).dump());
  for (const auto& [name, bytes] : program.records) add(name, bytes);
  writer.writeEndOfFile();
}

std::string sizes_text(const std::vector<std::optional<std::int64_t>>& sizes) {
  std::string list;
  for (const auto& size : sizes) list += (list.empty() ? "" : " x ") + (size ? text(*size) : std::string("any"));
  return list;
}

std::string view_of_argument(const std::string& argument) {
  return argument.ends_with(kValid) ? argument.substr(0, argument.size() - std::string(kValid).size()) : argument;
}

/// N x S x H x W as the network takes it.
torch::Tensor laid_out(const torch::Tensor& slices, SliceLayout layout, std::int64_t colours) {
  const auto n = slices.size(0), s = slices.size(1), h = slices.size(2), w = slices.size(3);
  switch (layout) {
    case SliceLayout::Channels:
      return slices.contiguous();
    case SliceLayout::Sequence:
      return slices.unsqueeze(2).expand({n, s, colours, h, w}).contiguous();
    case SliceLayout::Volume:
      return slices.unsqueeze(1).expand({n, colours, s, h, w}).contiguous();
    case SliceLayout::Batch:
      return slices.reshape({n * s, 1, h, w}).expand({n * s, colours, h, w}).contiguous();
  }
  TORCH_CHECK(false, "there is no such layout");
}

void check_argument(const ExportedTensor& wanted, const torch::Tensor& given) {
  bool fits = given.dim() == static_cast<std::int64_t>(wanted.sizes.size());
  for (size_t k = 0; fits && k < wanted.sizes.size(); ++k) {
    fits = !wanted.sizes[k] || *wanted.sizes[k] == given.size(static_cast<std::int64_t>(k));
  }
  TORCH_CHECK(fits, "the exported network takes ", wanted.name, " as ", sizes_text(wanted.sizes), ", not ",
              given.sizes());
}

/// The first rows stay; more of zeros follow until there are `rows`.
torch::Tensor with_rows(const torch::Tensor& tensor, std::int64_t rows) {
  if (tensor.size(0) >= rows) return tensor;
  auto missing = tensor.sizes().vec();
  missing.front() = rows - tensor.size(0);
  return torch::cat({tensor, torch::zeros(missing, tensor.options())});
}

}  // namespace

class ExportedNetworkImpl::Runner {
 public:
  Runner(const fs::path& path, ExportedOptions options)
      : path_(path), options_(std::move(options)), program_(read_exported_program(path)) {
    check_interface();
    place(torch::kCPU);
  }

  void place(const torch::Device& device) {
    if (handle_ && device == device_) return;
    FLAGS_caffe2_log_level = c10::GLOG_FATAL;  // it warns of kernels that it has no faster version of
    MemoryFile file;
    write_package(program_, device, file);
    const std::string package = file.path();
    const QuietOutput quiet;
    handle_ = in_plain_words(ErrorKind::BundleInvalid, text(path_.string(), " cannot be run"),
                             [&] { return std::make_unique<torch::nativert::ModelRunnerHandle>(package, "model"); });
    device_ = device;
  }

  torch::Tensor logits(const TensorMap& inputs) {
    const torch::InferenceMode inference;
    const auto first = inputs.find(options_.views.front());
    TORCH_CHECK(first != inputs.end(), "the network's input \"", options_.views.front(), "\" is missing");
    const std::int64_t findings = first->second.size(0), slices = first->second.size(1);
    const std::int64_t most = findings_at_once(program_.rows.largest, slices, false);
    const std::int64_t least = findings_at_once(program_.rows.smallest, slices, true);
    TORCH_CHECK(most >= 1 && least <= most, "the exported network takes ", program_.rows.largest,
                " slices at once, a finding has ", slices);
    std::vector<torch::Tensor> parts;
    for (std::int64_t k = 0; k < findings; k += most) {
      parts.push_back(some_logits(inputs, k, std::min(most, findings - k), least));
    }
    return parts.empty() ? torch::zeros({0, kExportedGrades}) : torch::cat(parts);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::BundleInvalid, text(path_.string(), " ", why));
  }

  void check_interface() const {
    if (program_.inputs.size() != options_.arguments.size()) {
      refuse(text("takes ", program_.inputs.size(), " inputs, its parameters name ", options_.arguments.size()));
    }
    const ExportedTensor& answer = program_.outputs.front();
    if (answer.sizes.size() != 2 || answer.sizes.back() != kExportedGrades) {
      refuse(text("gives ", sizes_text(answer.sizes), " first; a grading network gives any x ", kExportedGrades));
    }
  }

  /// Rows of the network's first input as findings.
  std::int64_t findings_at_once(std::int64_t rows, std::int64_t slices, bool round_up) const {
    if (options_.layout == SliceLayout::Batch) rows = (rows + (round_up ? slices - 1 : 0)) / slices;
    return round_up ? rows : std::min(rows, std::max(kMostFindings, program_.rows.smallest));
  }

  torch::Tensor argument(const TensorMap& inputs, const std::string& name, std::int64_t from, std::int64_t count,
                         std::int64_t least) const {
    const std::string view = view_of_argument(name);
    const auto slices = inputs.find(view);
    TORCH_CHECK(slices != inputs.end(), "the network's input \"", view, "\" is missing");
    TORCH_CHECK(slices->second.dim() == 4, "the network's input \"", view, "\" must have 4 dimensions");
    const torch::Tensor some = with_rows(slices->second.narrow(0, from, count), least);
    if (name == view) {
      return laid_out(some.to(device_, torch::kFloat32), options_.layout, options_.colours);
    }
    return with_rows(validity(inputs, view, slices->second).narrow(0, from, count), least).to(device_);
  }

  /// N x S, 1 where there is a slice.
  static torch::Tensor validity(const TensorMap& inputs, const std::string& view, const torch::Tensor& slices) {
    const auto found = inputs.find(view + kValid);
    if (found != inputs.end()) return found->second.to(torch::kFloat32);
    return torch::ones({slices.size(0), slices.size(1)});
  }

  torch::Tensor some_logits(const TensorMap& inputs, std::int64_t from, std::int64_t count, std::int64_t least) {
    std::vector<c10::IValue> arguments;
    for (size_t k = 0; k < options_.arguments.size(); ++k) {
      const torch::Tensor given = argument(inputs, options_.arguments[k], from, count, least);
      check_argument(program_.inputs[k], given);
      arguments.emplace_back(given);
    }
    const std::int64_t rows = arguments.front().toTensor().size(0);
    torch::Tensor answer = answer_of(std::move(arguments)).to(torch::kFloat32);
    TORCH_CHECK(answer.dim() == 2 && answer.size(0) == rows && answer.size(1) == kExportedGrades,
                "the exported network gives ", answer.sizes(), " for ", rows, " rows");
    if (options_.gives_probabilities) answer = answer.clamp_min(kLeastShare).log();
    if (options_.layout == SliceLayout::Batch) answer = over_slices(answer, inputs, from, count);
    return answer.narrow(0, 0, count);
  }

  torch::Tensor answer_of(std::vector<c10::IValue> arguments) {
    const std::lock_guard lock(mutex_);
    const c10::DebugInfoGuard bounded(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<MemoryBound>());
    const auto outputs = handle_->runWithFlatInputsAndOutputs(std::move(arguments));
    TORCH_CHECK(!outputs.empty() && outputs.front().isTensor(), "the exported network gives no tensor");
    return outputs.front().toTensor().clone();
  }

  torch::Tensor over_slices(const torch::Tensor& answer, const TensorMap& inputs, std::int64_t from,
                            std::int64_t count) const {
    const std::string& view = options_.views.front();
    const torch::Tensor& slices = inputs.at(view);
    const torch::Tensor valid = validity(inputs, view, slices).narrow(0, from, count).to(answer.device()).unsqueeze(2);
    const torch::Tensor by_slice = answer.reshape({-1, slices.size(1), kExportedGrades}).narrow(0, 0, count);
    return (by_slice * valid).sum(1) / valid.sum(1).clamp_min(1);
  }

  fs::path path_;
  ExportedOptions options_;
  ExportedProgram program_;
  torch::Device device_ = torch::kCPU;
  std::unique_ptr<torch::nativert::ModelRunnerHandle> handle_;
  std::mutex mutex_;
};

#else

class ExportedNetworkImpl::Runner {
 public:
  Runner(const fs::path& path, const ExportedOptions& /*options*/) {
    throw Error(
        ErrorKind::BundleInvalid,
        text(path.string(), " is a network exported from PyTorch, which this program's LibTorch ", TORCH_VERSION,
             " cannot run; a release of lumbargrade, or one built with scripts/setup's LibTorch, can"));
  }
  void place(const torch::Device& /*device*/) {}
  torch::Tensor logits(const TensorMap& /*inputs*/) { return {}; }
};

#endif

ExportedNetworkImpl::ExportedNetworkImpl(const fs::path& path, ExportedOptions options)
    : runner_(std::make_shared<Runner>(path, std::move(options))) {}

torch::Tensor ExportedNetworkImpl::forward(const TensorMap& inputs) {
  return runner_->logits(inputs);
}

void ExportedNetworkImpl::to(torch::Device device, torch::Dtype /*dtype*/, bool /*non_blocking*/) {
  runner_->place(device);
}

void ExportedNetworkImpl::to(torch::Device device, bool /*non_blocking*/) {
  runner_->place(device);
}

}  // namespace lumbargrade
