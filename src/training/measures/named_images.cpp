#include "training/measures/named_images.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "core/atomic_file.h"
#include "core/log.h"
#include "core/number_text.h"
#include "core/progress.h"
#include "core/statistics.h"
#include "core/table.h"
#include "levels/canal_fluid.h"
#include "levels/locator_network.h"
#include "levels/stack_reading.h"
#include "pictures/png_file.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

constexpr double kUsualDiscDistanceMm = 35;
/// L5/S1 is tilted: its edges lie this far above its centre.
constexpr double kTiltedEdgeMm = 12;
constexpr unsigned kCutSeed = 1;

struct NamedImage {
  std::string patient;
  std::string file;
  std::filesystem::path path;
  bool mislabelled = false;
  std::array<std::optional<cv::Point2d>, kLevelCount> points;  ///< shares of width and height
};

std::vector<NamedImage> images_of(const std::filesystem::path& path) {
  const Table table(path, ErrorKind::Usage, {"set", "file", "level", "relative_x", "relative_y"});
  std::map<std::string, NamedImage> images;
  for (const TableRow row : table) {
    const std::string& set = row.word("set");
    const std::string& file = row.word("file");
    NamedImage& image = images[text(set, "/", file)];
    image.file = file;
    image.patient = set + "/" + file.substr(0, file.find('_'));
    image.path = path.parent_path() / set / file;
    image.points[index_of(row.level())] = cv::Point2d(row.number("relative_x", 0, 1), row.number("relative_y", 0, 1));
  }
  std::vector<NamedImage> list;
  for (auto& [key, image] : images) {
    const bool is_whole = std::all_of(image.points.begin(), image.points.end(), [](const auto& p) { return !!p; });
    if (is_whole) list.push_back(std::move(image));
  }
  return list;
}

void mark_mislabelled(const std::filesystem::path& table, std::vector<NamedImage>& images) {
  const Table listed(table, ErrorKind::Usage, {"set", "file", "why"});
  for (const TableRow row : listed) {
    const std::filesystem::path name = std::filesystem::path(row.word("set")) / row.word("file");
    const auto image = std::find_if(images.begin(), images.end(), [&](const NamedImage& named) {
      return named.path.string().ends_with(text("/", name.string()));
    });
    if (image == images.end()) row.fail(text(name.string(), " is not among the named images"));
    image->mislabelled = true;
  }
}

/// The five points in pixels of the image.
std::array<cv::Point2d, kLevelCount> points_px(const NamedImage& image, cv::Size size) {
  std::array<cv::Point2d, kLevelCount> points;
  for (size_t k = 0; k < points.size(); ++k)
    points[k] = {image.points[k]->x * size.width, image.points[k]->y * size.height};
  return points;
}

double pixel_mm_of(const std::array<cv::Point2d, kLevelCount>& points) {
  double sum = 0;
  for (size_t k = 1; k < points.size(); ++k) sum += cv::norm(points[k] - points[k - 1]);
  return kUsualDiscDistanceMm * (kLevelCount - 1) / std::max(1.0, sum);
}

/// Which disc of the chain is L5/S1: most of the five points must agree. -1 where it is not among them.
int l5s1_of(const DiscChain& chain, const std::array<cv::Point2d, kLevelCount>& points, double pixel_mm) {
  std::vector<double> offsets;
  for (size_t level = 0; level < points.size(); ++level) {
    const double y_mm = points[level].y * pixel_mm + (level + 1 == points.size() ? kTiltedEdgeMm : 0);
    const auto nearest = std::min_element(chain.discs.begin(), chain.discs.end(), [&](const auto& a, const auto& b) {
      return std::abs(a.centre_mm.y - y_mm) < std::abs(b.centre_mm.y - y_mm);
    });
    offsets.push_back(static_cast<double>(nearest - chain.discs.begin()) - static_cast<double>(level));
  }
  const int l5s1 = static_cast<int>(std::lround(median_of(offsets))) + kLevelCount - 1;
  return l5s1 < static_cast<int>(chain.discs.size()) ? l5s1 : -1;
}

struct SliceReading {
  SliceImage slice;
  StackReading reading;
  NamingFeatures features;
};

SliceReading read_slice(const cv::Mat1b& image, double pixel_mm, const LocatorNetwork& locator) {
  SliceReading result;
  result.slice = canonical_slice(single_slice_volume(image, pixel_mm), 0);
  const std::vector<SliceImage> slices = {result.slice};
  result.reading = read_stack(slices, locator.predict(slices));
  result.features =
      naming_features(result.reading.chain, result.reading.profile, result.reading.mean, result.slice.pixel_mm);
  return result;
}

void add_canals(const NamedImage& image, const SliceReading& read, int l5s1, std::vector<NamedCanal>& canals) {
  const auto& discs = read.reading.chain.discs;
  const SliceProfiles profiles = {{0, read.reading.profile}};
  const auto signal = signal_across(read.reading.mean.canal, read.slice.pixels, read.reading.profile);
  for (const Level level : kLevels) {
    const int disc = l5s1 - (kLevelCount - 1 - static_cast<int>(index_of(level)));
    if (l5s1 < 0 || disc < 0) continue;
    const auto fluid = fluid_ratio(read.reading.profile, signal, discs, static_cast<size_t>(disc));
    const auto canal = profile_measure(profiles, discs, static_cast<size_t>(disc), {0});
    if (!fluid || !canal) continue;
    canals.push_back({image.patient, image.file, level, *fluid, canal->diameter_mm, canal->ratio()});
  }
}

void read_image(const NamedImage& named, const LocatorNetwork& locator, std::mt19937& random, NamedReadings& readings) {
  const cv::Mat1b image = read_grey_png(named.path);
  const auto points = points_px(named, image.size());
  const double pixel_mm = pixel_mm_of(points);
  const double lowest_row = (points[3].y + points[4].y) / 2, highest_row = (points[2].y + points[3].y) / 2;
  const double share = std::generate_canonical<double, 32>(random);
  const int rows = std::clamp(static_cast<int>(highest_row + share * (lowest_row - highest_row)), 1, image.rows);
  const SliceReading whole = read_slice(image, pixel_mm, locator);
  if (!whole.features.discs.empty()) {
    const int l5s1 = l5s1_of(whole.reading.chain, points, pixel_mm);
    readings.chains.push_back({named.patient, named.file, false, whole.features, l5s1, named.mislabelled});
    add_canals(named, whole, l5s1, readings.canals);
  }
  const SliceReading cut = read_slice(image.rowRange(0, rows).clone(), pixel_mm, locator);
  if (cut.features.discs.empty()) return;
  readings.chains.push_back({named.patient, named.file, true, cut.features, -1, named.mislabelled});
}

}  // namespace

NamedReadings read_named_images(const std::filesystem::path& table, const std::filesystem::path& mislabelled,
                                const std::filesystem::path& bundle) {
  std::vector<NamedImage> images = images_of(table);
  if (!mislabelled.empty()) mark_mislabelled(mislabelled, images);
  const LocatorNetwork locator = read_locator(bundle, torch::kCPU);
  NamedReadings readings;
  std::mt19937 random(kCutSeed);
  Progress progress("reading named images", static_cast<int>(images.size()));
  int done = 0;
  for (const NamedImage& image : images) {
    try {
      read_image(image, locator, random, readings);
    } catch (const Error& error) {
      log_warning(text(image.path.string(), " is left out: ", error.what()));
    }
    progress.show(++done, image.file);
  }
  return readings;
}

void write_named_canals(const std::filesystem::path& path, const std::vector<NamedCanal>& canals) {
  std::string csv = csv_line({"patient", "file", "level", "fluid_ratio", "diameter_mm", "ratio"});
  for (const NamedCanal& canal : canals) {
    csv +=
        csv_line({canal.patient, canal.file, std::string(level_name(canal.level)), fixed_decimals(canal.fluid_ratio, 3),
                  fixed_decimals(canal.diameter_mm, 3), canal.ratio ? fixed_decimals(*canal.ratio, 3) : ""});
  }
  write_file_atomically(path, csv);
}

}  // namespace lumbargrade
