// Runs the locator (and the canal outline, where the bundle has one) on single images, for
// benchmarks/locator_figures.py:
//   locate_images BUNDLE|WEIGHTS.safetensors LIST.csv [PRECISION] > levels.csv
// PRECISION is float32, int8 or bfloat16, of a bundle's networks (default: float32). LIST.csv has file, pixel_mm and
// rows: the image is cut to its first `rows` rows (0: all), as a scan that ended there. Where the discs found are not
// about 35 mm apart on average, the pixel size is taken to be wrong and corrected, as in self-training: the images of
// the public sets come with wrong spacings or none.
#include <torch/types.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "bundle/bundle.h"
#include "core/csv.h"
#include "core/error.h"
#include "disc_spacing.h"
#include "levels/locate.h"
#include "levels/spine_networks.h"
#include "network/safetensors.h"
#include "network/state.h"
#include "pictures/png_file.h"
#include "program.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {
namespace {

/// `precision` as of `grade --precision`, of a bundle's networks.
SpineNetworks load_networks(const std::filesystem::path& path, const std::string& precision) {
  if (std::filesystem::is_directory(path)) return spine_networks(load_bundle(path), torch::kCPU, precision);
  UNet network{UNetOptions{}};
  load_state(*network, read_safetensors(path), path.string());
  return {std::make_shared<LocatorNetwork>(UNetRunner(std::move(network), torch::kCPU)), nullptr};
}

struct Located {
  Spine spine;
  double pixel_mm;
};

Located locate(const cv::Mat1b& image, double pixel_mm, const SpineNetworks& networks) {
  Located located{locate_spine(single_slice_volume(image, pixel_mm), *networks.locator), pixel_mm};
  const double spacing = mean_spacing_mm(located.spine);
  if (spacing < 29 || spacing > 42) {
    located.pixel_mm *= std::clamp(kUsualSpacingMm / spacing, 0.5, 2.0);
    located.spine = locate_spine(single_slice_volume(image, located.pixel_mm), *networks.locator);
  }
  if (const auto outliner = networks.outliner()) {
    outline_canal(single_slice_volume(image, located.pixel_mm), *outliner, located.spine);
  }
  return located;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print_levels(const std::string& file, const std::string& rows, const Located& located) {
  for (const auto& level : located.spine.levels) {
    if (!level) continue;
    std::string diameter;
    std::string ratio;
    if (level->canal) {
      diameter = std::to_string(level->canal->diameter_mm);
      if (level->canal->ratio()) ratio = std::to_string(*level->canal->ratio());
    }
    std::cout << csv_line({file, rows, std::string(level_name(level->level)),
                           std::to_string(level->centre_patient.y() / located.pixel_mm),
                           std::to_string(-level->centre_patient.z() / located.pixel_mm),
                           std::to_string(level->confidence), diameter, ratio, std::to_string(located.pixel_mm),
                           joined(located.spine.flags)});
  }
}

int run(const std::filesystem::path& weights, const std::filesystem::path& list, const std::string& precision) {
  const SpineNetworks networks = load_networks(weights, precision);
  const CsvTable table = read_csv(list);
  const auto file = table.column("file");
  const auto pixel_mm = table.column("pixel_mm");
  const auto rows = table.column("rows");
  if (!file || !pixel_mm || !rows) throw Error(ErrorKind::Usage, "the list needs the columns file, pixel_mm and rows");
  std::cout << csv_line({"file", "rows", "level", "x", "y", "confidence", "diameter_mm", "ratio", "pixel_mm", "flags"});
  for (const auto& row : table.rows) {
    cv::Mat1b image = read_grey_png(row[*file]);
    if (const int kept = std::stoi(row[*rows]); kept > 0) image = image.rowRange(0, std::min(kept, image.rows)).clone();
    try {
      print_levels(row[*file], row[*rows], locate(image, std::stod(row[*pixel_mm]), networks));
    } catch (const Error& error) {
      std::cout << csv_line({row[*file], row[*rows], "", "", "", "0", "", "", "", "nothing_found"});
    }
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "locate_images BUNDLE|WEIGHTS.safetensors LIST.csv [PRECISION]", 2, 3,
                     [](const Arguments& arguments) {
                       const auto precision = arguments.from(2);
                       return run(arguments[0], arguments[1], precision.empty() ? "float32" : precision.front());
                     });
}
