#include "training/segmentation/locator_pseudo_labels.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "levels/canal_profile.h"
#include "levels/disc_chain.h"
#include "levels/locator_network.h"

namespace lumbargrade {
namespace {

// docs/sources.md, "Locator: network and training".
constexpr double kUsualSpacingMm = 35;
constexpr double kTrustedSpacingMm[2] = {29, 42};  // ours: outside, the pixel size is wrong rather than the patient
constexpr double kMinimumSpacingMm = 20;
constexpr double kMaximumSpacingMm = 50;
constexpr double kMinimumNeighbourRatio = 0.62;
constexpr double kMaximumNeighbourRatio = 1.5;
constexpr double kFirmAnchor = 0.9;
constexpr double kAgreeingDiscsMm = 4;

/// An image as the teacher sees it.
struct Reading {
  UnlabelledImage image;
  LocatorMaps maps;
  DiscChain chain;
  std::string refusal;  ///< empty: accepted

  /// Centres of the five lowest discs from L5/S1 up, relative to the image's middle.
  std::vector<cv::Point2d> discs_mm() const {
    const cv::Point2d middle(image.slice.pixels.cols * image.slice.pixel_mm / 2,
                             image.slice.pixels.rows * image.slice.pixel_mm / 2);
    std::vector<cv::Point2d> discs;
    for (int k = 0; k < kLevelCount && chain.l5s1 - k >= 0; ++k) {
      discs.push_back(chain.discs[static_cast<size_t>(chain.l5s1 - k)].centre_mm - middle);
    }
    return discs;
  }
};

std::string refusal_of(const Reading& reading) {
  const DiscChain& chain = reading.chain;
  if (chain.l5s1 < kLevelCount - 1) return "fewer than five discs";
  if (chain.l5s1 + 1 != static_cast<int>(chain.discs.size())) return "L5/S1 is not the lowest disc";
  if (chain.anchor_score < kFirmAnchor) return "L5/S1 not firmly on the sacrum";
  const CanalProfile profile = measure_canal(reading.maps.canal, reading.image.slice.pixel_mm, chain);
  double before = 0;
  for (int k = 0; k < kLevelCount; ++k) {
    const auto disc = static_cast<size_t>(chain.l5s1 - k);
    if (chain.discs[disc].inserted) return "a disc is not seen";
    if (!canal_at_disc(profile, chain.discs[disc])) return "no canal behind a disc";
    if (k + 1 == kLevelCount) break;
    const double spacing = cv::norm(chain.discs[disc].centre_mm - chain.discs[disc - 1].centre_mm);
    if (spacing < kMinimumSpacingMm || spacing > kMaximumSpacingMm) return "discs too near or far";
    if (before > 0 && (spacing / before < kMinimumNeighbourRatio || spacing / before > kMaximumNeighbourRatio)) {
      return "discs unevenly spaced";
    }
    before = spacing;
  }
  return "";
}

Reading read_image(const UnlabelledImage& image, const LocatorNetwork& network) {
  Reading reading{image, network.predict({image.slice}).front(), {}, ""};
  reading.chain = find_disc_chain(reading.maps, image.slice.pixel_mm);
  return reading;
}

/// The slice with another pixel size assumed for its source.
UnlabelledImage rescaled(const UnlabelledImage& image, double factor) {
  UnlabelledImage scaled = image;
  cv::resize(image.slice.pixels, scaled.slice.pixels, {}, factor, factor,
             factor < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return scaled;
}

Reading read_at_right_scale(const UnlabelledImage& image, const LocatorNetwork& network) {
  Reading reading = read_image(image, network);
  if (reading.chain.discs.size() >= 4) {
    const std::vector<double> gaps = gaps_mm(reading.chain.discs);
    const double spacing = std::accumulate(gaps.begin(), gaps.end(), 0.0) / static_cast<double>(gaps.size());
    if (spacing < kTrustedSpacingMm[0] || spacing > kTrustedSpacingMm[1]) {
      reading = read_image(rescaled(image, std::clamp(kUsualSpacingMm / spacing, 0.5, 2.0)), network);
    }
  }
  reading.refusal = refusal_of(reading);
  return reading;
}

bool agree(const Reading& a, const Reading& b) {
  const auto first = a.discs_mm();
  const auto second = b.discs_mm();
  if (first.size() != kLevelCount || second.size() != kLevelCount) return false;
  for (size_t k = 0; k < first.size(); ++k) {
    if (cv::norm(first[k] - second[k]) > kAgreeingDiscsMm) return false;
  }
  return true;
}

/// `map` of another image, moved so that the images' middles coincide.
cv::Mat1f moved(const cv::Mat1f& map, cv::Size target) {
  const cv::Matx23d shift(1, 0, (target.width - map.cols) / 2.0, 0, 1, (target.height - map.rows) / 2.0);
  cv::Mat1f result;
  cv::warpAffine(map, result, cv::Mat(shift), target, cv::INTER_LINEAR);
  return result;
}

void average_with(LocatorMaps& maps, const LocatorMaps& other) {
  for (const auto member : {&LocatorMaps::disc, &LocatorMaps::vertebra, &LocatorMaps::canal, &LocatorMaps::l5s1,
                            &LocatorMaps::s1, &LocatorMaps::centre}) {
    cv::Mat1f& map = maps.*member;
    map = cv::Mat1f(0.5 * (map + moved(other.*member, map.size())));
  }
}

/// Labels from the maps.
LabelledStack labelled(const Reading& reading) {
  const LocatorMaps& maps = reading.maps;
  const auto bytes = [](const cv::Mat1f& map) {
    cv::Mat1b result;
    map.convertTo(result, CV_8U, 255);
    return result;
  };
  const auto fine = [&](const cv::Mat1f& coarse) {
    cv::Mat1f resized;
    cv::resize(coarse, resized, {2 * coarse.cols, 2 * coarse.rows}, 0, 0, cv::INTER_LINEAR);
    return bytes(resized(cv::Rect({}, maps.disc.size())));
  };
  LabelledSlice slice;
  slice.pixels = reading.image.slice.pixels;
  cv::merge(std::vector<cv::Mat>{bytes(maps.disc), bytes(maps.vertebra), bytes(maps.canal), fine(maps.l5s1)},
            slice.classes);
  cv::merge(std::vector<cv::Mat>{fine(maps.s1), fine(maps.centre)}, slice.spots);
  for (int k = 0; k < kLevelCount; ++k) {
    slice.spine_px += reading.chain.discs[static_cast<size_t>(reading.chain.l5s1 - k)].centre_mm *
                      (1 / (kLevelCount * reading.image.slice.pixel_mm));
  }
  return {reading.image.patient, {std::move(slice)}};
}

}  // namespace

std::vector<LabelledStack> pseudo_labels(const std::vector<UnlabelledImage>& images, const LocatorNetwork& network,
                                         const std::filesystem::path& report) {
  std::vector<Reading> readings;
  for (const UnlabelledImage& image : images) readings.push_back(read_at_right_scale(image, network));
  std::vector<LocatorMaps> originals;
  for (const Reading& reading : readings) originals.push_back(reading.maps);

  std::vector<LabelledStack> stacks;
  std::string csv = csv_line({"file", "patient", "anchor_score", "partners", "refusal"});
  for (size_t k = 0; k < readings.size(); ++k) {
    Reading& reading = readings[k];
    int partners = 0;
    for (size_t other = 0; other < readings.size() && partners == 0; ++other) {
      const bool is_partner = other != k && readings[other].image.patient == reading.image.patient &&
                              readings[other].refusal.empty() && reading.refusal.empty() &&
                              agree(reading, readings[other]);
      if (!is_partner) continue;
      average_with(reading.maps, originals[other]);
      ++partners;
    }
    csv += csv_line({reading.image.file, reading.image.patient, std::to_string(reading.chain.anchor_score),
                     std::to_string(partners), reading.refusal});
    if (reading.refusal.empty()) stacks.push_back(labelled(reading));
  }
  write_file_atomically(report, csv);
  log_info(text(stacks.size(), " of ", readings.size(), " unlabelled images got labels"));
  return stacks;
}

}  // namespace lumbargrade
