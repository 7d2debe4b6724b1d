// Draws where foramina are found on single sagittal slices without a study around them, for looking at:
//   foramen_sheet BUNDLE OUT.png IMAGE.png...
// The slices are T1 or T2 beside the middle. Discs are found by the locator, the pixel size from their distance (35
// mm); behind and above each disc that has one above it the foramen is looked for around its usual place (yellow cross;
// green ring: found). Which level it is is not known: the usual place is that of L3/L4. Prints file, pixel size, number
// of discs.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <opencv2/imgproc.hpp>

#include "bundle/bundle.h"
#include "core/error.h"
#include "grades/foramen_finder.h"
#include "levels/disc_chain.h"
#include "levels/locator_network.h"
#include "pictures/png_file.h"
#include "training/segmentation/locator_data.h"

namespace lumbargrade {
namespace {

constexpr double kUsualGapMm = 35;
constexpr double kFirstPixelMm = 0.7;
constexpr double kCanalBehindDiscMm = 8;
constexpr double kTileMm = 180;
constexpr int kTilePx = 300;
constexpr int kTilesAcross = 8;

struct ReadSlice {
  Volume volume;
  SliceImage image;
  DiscChain chain;
};

ReadSlice read(const cv::Mat1b& grey, double pixel_mm, const LocatorNetwork& locator) {
  ReadSlice slice;
  slice.volume = single_slice_volume(grey, pixel_mm);
  slice.image = canonical_slice(slice.volume, 0);
  slice.chain = find_disc_chain(locator.predict({slice.image}).front(), slice.image.pixel_mm);
  return slice;
}

double gap_mm(const DiscChain& chain) {
  std::vector<double> gaps;
  for (size_t k = 1; k < chain.discs.size(); ++k) {
    gaps.push_back(cv::norm(chain.discs[k].centre_mm - chain.discs[k - 1].centre_mm));
  }
  if (gaps.empty()) return kUsualGapMm;
  std::sort(gaps.begin(), gaps.end());
  return gaps[gaps.size() / 2];
}

Vector3 patient(const ReadSlice& slice, cv::Point2d point_mm) {
  return slice.image.patient_from_pixel *
         Vector3(point_mm.x / slice.image.pixel_mm, point_mm.y / slice.image.pixel_mm, 0);
}

/// The usual place of the foramen at a disc, as if the slice lay where it is.
CropPlacement usual_place(const ReadSlice& slice, size_t disc) {
  const auto& discs = slice.chain.discs;
  const DiscCandidate& here = discs[disc];
  const cv::Point2d edge = here.centre_mm + here.posterior * (here.posterior_reach_mm + kCanalBehindDiscMm);
  LevelFrame frame;
  frame.level = Level::L3L4;
  const auto direction = [&](cv::Point2d way) -> Vector3 {
    return (slice.image.patient_from_pixel.linear() * Vector3(way.x, way.y, 0)).normalized();
  };
  frame.posterior = direction(here.posterior);
  frame.up = direction({here.posterior.y, -here.posterior.x});
  frame.left = frame.posterior.cross(frame.up).normalized();
  frame.canal_patient = patient(slice, edge);
  frame.canal_up = direction(-downward_at(slice.chain, disc));
  frame.spacing_mm = kUsualGapMm;
  CropPlacement placement = place_crop(frame, Anchor::Foramen, Side::Left);
  // The slice is the foramen's own.
  placement.point_patient -= placement.lateral * placement.lateral.dot(placement.point_patient - *frame.canal_patient);
  return placement;
}

cv::Mat tile_of(const ReadSlice& slice, const ForamenFinder& finder) {
  const double scale = kTilePx / kTileMm;
  cv::Point2d middle(0, 0);
  for (const DiscCandidate& disc : slice.chain.discs) middle += disc.centre_mm;
  middle *= 1.0 / static_cast<double>(slice.chain.discs.size());
  const double px = slice.image.pixel_mm;
  const auto in_tile = [&](cv::Point2d point_mm) {
    return (point_mm - middle) * scale + cv::Point2d(kTilePx / 2.0, kTilePx / 2.0);
  };
  cv::Mat1b grey;
  slice.image.pixels.convertTo(grey, CV_8U);
  const cv::Point2d origin = in_tile({0, 0});
  const cv::Matx23d tile_from_pixel(px * scale, 0, origin.x, 0, px * scale, origin.y);
  cv::Mat tile, rgb;
  cv::warpAffine(grey, tile, tile_from_pixel, {kTilePx, kTilePx}, cv::INTER_LINEAR);
  cv::cvtColor(tile, rgb, cv::COLOR_GRAY2RGB);
  const Affine pixel_from_patient = slice.image.patient_from_pixel.inverse();
  const auto draw = [&](const Vector3& point, bool found) {
    const Vector3 pixel = pixel_from_patient * point;
    const cv::Point at = in_tile({pixel.x() * px, pixel.y() * px});
    if (found) cv::circle(rgb, at, 8, cv::Scalar(60, 255, 60), 1, cv::LINE_AA);
    if (!found) cv::drawMarker(rgb, at, cv::Scalar(255, 230, 0), cv::MARKER_TILTED_CROSS, 6);
  };
  for (size_t disc = 1; disc < slice.chain.discs.size(); ++disc) {
    const CropPlacement usual = usual_place(slice, disc);
    draw(usual.point_patient, false);
    const auto found = find_foramen(foramen_places({&slice.volume}, usual), finder);
    if (found) draw(*found, true);
  }
  return rgb;
}

int run(const std::filesystem::path& folder, const std::filesystem::path& out, const std::vector<std::string>& files) {
  const Bundle bundle = load_bundle(folder);
  if (!bundle.manifest.grading.foramen_finder) {
    throw Error(ErrorKind::BundleInvalid, text(folder.string(), " has no foramen_finder"));
  }
  auto module = std::dynamic_pointer_cast<UNetImpl>(bundle.network("locator").network.module);
  if (!module) throw Error(ErrorKind::BundleInvalid, text(folder.string(), ": the locator is not a U-Net"));
  const LocatorNetwork locator(UNet(std::move(module)), torch::kCPU);
  std::vector<cv::Mat> tiles;
  for (const std::string& file : files) {
    const cv::Mat1b grey = read_grey_png(file);
    ReadSlice slice = read(grey, kFirstPixelMm, locator);
    if (slice.chain.discs.size() < 3) {
      std::cout << file << " too few discs\n";
      continue;
    }
    const double pixel_mm = kFirstPixelMm * std::clamp(kUsualGapMm / gap_mm(slice.chain), 0.5, 2.0);
    slice = read(grey, pixel_mm, locator);
    if (slice.chain.discs.empty()) continue;
    std::cout << tiles.size() << " " << file << " " << pixel_mm << " mm, " << slice.chain.discs.size() << " discs\n";
    tiles.push_back(tile_of(slice, *bundle.manifest.grading.foramen_finder));
  }
  const int rows = (static_cast<int>(tiles.size()) + kTilesAcross - 1) / kTilesAcross;
  cv::Mat sheet(std::max(1, rows) * kTilePx, kTilesAcross * kTilePx, CV_8UC3, cv::Scalar::all(0));
  for (int k = 0; k < static_cast<int>(tiles.size()); ++k) {
    tiles[static_cast<size_t>(k)].copyTo(
        sheet(cv::Rect(k % kTilesAcross * kTilePx, k / kTilesAcross * kTilePx, kTilePx, kTilePx)));
  }
  write_rgb_png(out, sheet);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: foramen_sheet BUNDLE OUT.png IMAGE.png...\n";
    return static_cast<int>(lumbargrade::ErrorKind::Usage);
  }
  try {
    return lumbargrade::run(argv[1], argv[2], {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "foramen_sheet: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
