#pragma once

#include <filesystem>
#include <vector>

#include "pipeline/load_grader.h"
#include "training/calibration/naming_fit.h"

namespace lumbargrade {

/// The canal at one named level of one image; lengths rest on discs 35 mm apart.
struct NamedCanal {
  std::string patient;
  std::string file;
  Level level = Level::L1L2;
  double fluid_ratio = 0;
  double diameter_mm = 0;
  std::optional<double> ratio;
};

struct NamedReadings {
  std::vector<NamedChain> chains;  ///< of every image, whole and cut
  std::vector<NamedCanal> canals;  ///< of the whole T2 images
};

/// Runs the locator of `bundle` over images whose five discs are named by hand. `table` has set, file, level,
/// relative_x, relative_y (shares of width and height); the image lies at SET/FILE beside it. Points may lie at a
/// disc's front or rear edge: only their heights count. Every image is read whole and once more cut between the middles
/// of L3 and L5. Pixels are sized so that discs lie 35 mm apart. An image that cannot be read or shows no chain is told
/// on the log and left out. `mislabelled` lists images whose names a picture shows wrong (set, file, why); empty: none.
/// Throws Error (Usage) for a table that is none, and for a listed image that `table` does not name.
NamedReadings read_named_images(const std::filesystem::path& table, const std::filesystem::path& mislabelled,
                                const std::filesystem::path& bundle);

void write_named_canals(const std::filesystem::path& path, const std::vector<NamedCanal>& canals);

}  // namespace lumbargrade
