// Prints how often image content tells T1 from T2, on single mid-sagittal slices:
//   weighting_figures BUNDLE FOLDER...
// Every PNG counts whose name holds _t1 or _t2 (PATIENT_t1.png, PATIENT_t2_SPACE.png). Where the discs found are not
// about 35 mm apart, the pixel size is taken to be wrong and corrected: the public images come with wrong spacings or
// none.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "disc_spacing.h"
#include "pictures/png_file.h"
#include "pipeline/load_grader.h"
#include "program.h"
#include "study/content.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {
namespace {

constexpr double kAssumedWidthMm = 280;

std::vector<double> contrasts_of(const cv::Mat1b& image, const Grader& grader) {
  try {
    const double assumed_mm = kAssumedWidthMm / image.cols;
    const double spacing_mm = mean_spacing_mm(grader.locate(single_slice_volume(image, assumed_mm)));
    const double factor = std::clamp(kUsualSpacingMm / spacing_mm, 0.5, 2.0);
    const Volume volume = single_slice_volume(image, assumed_mm * factor);
    return canal_contrasts(volume, canal_finder(grader.locate)(volume));
  } catch (const Error&) {
    return {};
  }
}

struct Tally {
  int images = 0, right = 0, wrong = 0, unknown = 0;
};

void count(const std::filesystem::path& file, Weighting truth, const Grader& grader, Tally& tally) {
  const auto contrasts = contrasts_of(read_grey_png(file), grader);
  const WeightingFinding found = weighting_from_contrasts(contrasts);
  ++tally.images;
  ++(found.weighting == Weighting::Unknown ? tally.unknown : found.weighting == truth ? tally.right : tally.wrong);
  if (found.weighting != truth) std::cerr << file.string() << ": " << found.evidence << '\n';
}

void print_row(const std::string& folder, const char* weighting, const Tally& tally) {
  std::cout << "| " << folder << " | " << weighting << " | " << tally.images << " | " << tally.right << " | "
            << tally.wrong << " | " << tally.unknown << " |\n"
            << std::flush;
}

int run(const std::string& bundle, const std::vector<std::string>& folders) {
  GraderOptions options;
  options.bundle = bundle;
  const LoadedGrader loaded = load_grader(options);
  std::cout << "| images | weighting | number | right | wrong | left open |\n|---|---|---|---|---|---|\n";
  for (const std::string& folder : folders) {
    Tally t1, t2;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".png") continue;
      if (name.find("_t1") != std::string::npos) count(entry.path(), Weighting::T1, loaded.grader, t1);
      if (name.find("_t2") != std::string::npos) count(entry.path(), Weighting::T2, loaded.grader, t2);
    }
    print_row(folder, "T1", t1);
    print_row(folder, "T2", t2);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "weighting_figures BUNDLE FOLDER...", 2, kAnyNumber,
                     [](const Arguments& arguments) { return run(arguments[0], arguments.from(1)); });
}
