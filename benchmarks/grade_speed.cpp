// What grading costs once the levels are known, beside the bare forward passes of the bundle's grading networks:
//   grade_speed STUDY [BUNDLE]
// The grade stage cuts the crops, runs the networks, measures the foramina and mixes all into 25 answers. The bare
// passes are the same networks, prepared in the same way, on random crops of the same number and size. Both take turns;
// the middle and the shortest of kRuns are printed, in ms. Run it on an idle machine.
#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "bundle/bundle.h"
#include "bundle/find_bundle.h"
#include "crops/crop.h"
#include "network/conv_norm.h"
#include "network/grader_network.h"
#include "pipeline/load_grader.h"
#include "pipeline/stopwatch.h"
#include "program.h"

namespace lumbargrade {
namespace {

constexpr int kThreads = 2;
constexpr int kRuns = 9;

/// A grading network with as many random crops as the study has findings for it.
struct BarePass {
  GraderNetwork network;
  TensorMap inputs;
  size_t looks = 1;
};

std::vector<BarePass> bare_passes(const Bundle& bundle, const NetworkGrades& graded) {
  std::vector<BarePass> passes;
  for (const BundleNetwork& network : bundle.networks) {
    for (const ConditionSpec& spec : bundle.manifest.grading.conditions) {
      if (network.spec.role != grading_role(spec.condition)) continue;
      std::int64_t findings = 0;
      for (size_t k = 0; k < kFindingCount; ++k) {
        findings += all_findings()[k].condition == spec.condition && graded[k].has_value();
      }
      if (findings == 0) continue;
      BarePass pass{
          GraderNetwork(std::dynamic_pointer_cast<GraderNetworkImpl>(network.network.module)), {}, spec.tta.size()};
      prepare_for_inference(*pass.network);
      for (const InputSpec& input : network.spec.inputs) {
        const View view = view_of(input, network.spec.name);
        pass.inputs[view.name] = torch::randn({findings, view.slices, view.size_px, view.size_px});
        pass.inputs[view.name + ".valid"] = torch::ones({findings, view.slices});
      }
      passes.push_back(std::move(pass));
    }
  }
  return passes;
}

double bare_ms(std::vector<BarePass>& passes) {
  const Stopwatch stopwatch;
  for (BarePass& pass : passes) {
    for (size_t look = 0; look < pass.looks; ++look) pass.network->forward(pass.inputs);
  }
  return stopwatch.elapsed_ms();
}

double stage_ms(const PreparedStudy& prepared, const Spine& spine, const Grader& grader) {
  const Study& study = prepared.study;
  const Stopwatch stopwatch;
  const NetworkGrades networks = grader.predict ? grader.predict(study, spine) : NetworkGrades{};
  grade_findings(spine, prepared.sagittal_volume(), grader.model, networks,
                 measure_study(study, spine, grader.model.foramen_finder));
  return stopwatch.elapsed_ms();
}

void print(const std::string& name, std::vector<double> times_ms) {
  std::sort(times_ms.begin(), times_ms.end());
  std::cout << std::left << std::setw(24) << name << std::right << std::fixed << std::setprecision(1) << std::setw(9)
            << times_ms[times_ms.size() / 2] << std::setw(9) << times_ms.front() << "\n";
}

int run(const std::string& folder, const std::optional<std::string>& chosen) {
  const torch::InferenceMode inference;
  GraderOptions options;
  options.bundle = chosen;
  options.threads = kThreads;
  const LoadedGrader loaded = load_grader(options);
  const PreparedStudy prepared = prepare_study(folder, {}, loaded.grader.locate);
  const Study& study = prepared.study;
  const Spine spine = located_spine(prepared, loaded.grader.locate);
  const NetworkGrades graded = loaded.grader.predict ? loaded.grader.predict(study, spine) : NetworkGrades{};
  const Bundle bundle = load_bundle(find_bundle(chosen));
  std::vector<BarePass> passes = bare_passes(bundle, graded);
  std::vector<double> stage, bare;
  for (int k = 0; k < kRuns + 1; ++k) {
    stage.push_back(stage_ms(prepared, spine, loaded.grader));
    bare.push_back(bare_ms(passes));
  }
  stage.erase(stage.begin());  // kernels are made and memory is touched
  bare.erase(bare.begin());
  std::cout << "study " << study.study_id << ", bundle " << loaded.bundle_name << " " << loaded.bundle_version << ", "
            << passes.size() << " networks, "
            << std::count_if(graded.begin(), graded.end(), [](const auto& g) { return g.has_value(); })
            << " findings seen by networks, " << spine.level_count() << " levels, " << kThreads << " threads\n"
            << "ms                         middle shortest\n";
  print("grade stage", stage);
  print("bare forward passes", bare);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "grade_speed STUDY [BUNDLE]", 1, 2,
                     [](const Arguments& arguments) { return run(arguments[0], arguments.optional(1)); });
}
