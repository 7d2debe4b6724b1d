// Times forward passes of the backbones on the CPU, what one study costs:
//   network_speed [BACKBONE ...]
// A pass sees 25 findings of five slices, at 128 and at 224 pixels:
//   plain      as trained, float32
//   folded     batch normalisation folded into the convolutions
//   last       folded, channels last (what inference uses)
//   bf16       the same in bfloat16
// The shortest of three passes, in ms; one pass where the first took more than ten seconds.
#include <ATen/Parallel.h>
#include <torch/types.h>

#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "network/backbone.h"
#include "network/conv_norm.h"
#include "program.h"

namespace lumbargrade {
namespace {

constexpr int kThreads = 2;
constexpr int kPasses = 3;
constexpr double kLongPassMs = 10'000;
constexpr int64_t kFindings = 25;
constexpr int64_t kSlices = 5;

double pass_ms(Backbone& backbone, const torch::Tensor& images) {
  const auto start = std::chrono::steady_clock::now();
  backbone.forward(images);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double shortest_ms(Backbone& backbone, const torch::Tensor& images) {
  backbone.forward(images.slice(0, 0, 2));  // kernels are made and memory is touched
  double shortest = pass_ms(backbone, images);
  for (int pass = 1; pass < kPasses && shortest < kLongPassMs; ++pass) {
    shortest = std::min(shortest, pass_ms(backbone, images));
  }
  return shortest;
}

void print_row(const std::string& name, int64_t size) {
  BackboneOptions options;
  options.name = name;
  options.resnet = {{24, 48, 96, 160}, {2, 2, 2, 2}, false, false};
  const auto backbone = make_backbone(options);
  backbone->eval();
  const torch::Tensor images = torch::randn({kFindings * kSlices, 1, size, size});
  std::cout << std::left << std::setw(22) << name << std::right << std::setw(6) << size << std::fixed
            << std::setprecision(0);
  std::cout << std::setw(9) << shortest_ms(*backbone, images) << std::flush;
  fold_batch_norm_below(*backbone);
  std::cout << std::setw(9) << shortest_ms(*backbone, images) << std::flush;
  use_channels_last(*backbone);
  std::cout << std::setw(9) << shortest_ms(*backbone, images) << std::flush;
  backbone->to(torch::kBFloat16);
  std::cout << std::setw(9) << shortest_ms(*backbone, images.to(torch::kBFloat16)) << "\n" << std::flush;
}

int run(std::vector<std::string> names) {
  const torch::InferenceMode inference;
  at::set_num_threads(kThreads);
  if (names.empty()) {
    names = backbone_names();
    std::erase(names, kVolumeBackbone);
  }
  std::cout << "ms for " << kFindings << " findings of " << kSlices << " slices, " << kThreads
            << " threads; resnet has widths 24, 48, 96, 160\n"
            << "backbone                size    plain   folded     last     bf16\n";
  for (const std::string& name : names) {
    for (const int64_t size : {int64_t{128}, int64_t{224}}) print_row(name, size);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "network_speed [BACKBONE ...]", 0, kAnyNumber,
                     [](const Arguments& arguments) { return run(arguments.from(0)); });
}
