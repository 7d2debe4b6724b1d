#include "training/segmentation/locator_data.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/table.h"
#include "pictures/png_file.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kDiscLabel = 1;
constexpr int kVertebraLabel = 2;
constexpr int kCanalLabel = 3;
constexpr double kCentreSigmaMm = 3.5;  // docs/sources.md, "Locator: network and training"
constexpr double kSacrumSigmaMm = 6;
constexpr double kSacrumBelowDiscMm = 17;
constexpr double kMinimumDiscAreaMm2 = 50;
constexpr double kSameDiscMm = 10;
constexpr double kAssumedWidthMm = 280;
constexpr std::int64_t kLastInstance = 2147483647;  // of an IS value (PS3.5 6.2)

void add_spot(cv::Mat1f& map, cv::Point2d centre_px, double sigma_px) {
  const int reach = static_cast<int>(std::ceil(4 * sigma_px));
  const cv::Point middle(static_cast<int>(centre_px.x), static_cast<int>(centre_px.y));
  const cv::Rect box =
      cv::Rect(middle.x - reach, middle.y - reach, 2 * reach + 1, 2 * reach + 1) & cv::Rect(0, 0, map.cols, map.rows);
  for (int row = box.y; row < box.br().y; ++row) {
    for (int column = box.x; column < box.br().x; ++column) {
      const double squared = std::pow(column - centre_px.x, 2) + std::pow(row - centre_px.y, 2);
      map(row, column) = std::max(map(row, column), static_cast<float>(std::exp(-squared / (2 * sigma_px * sigma_px))));
    }
  }
}

/// Connected disc regions of a label image at canonical pixels.
struct DiscRegions {
  cv::Mat labels;
  std::vector<int> ids;
  std::vector<cv::Point2d> centres_px;
};

DiscRegions disc_regions(const cv::Mat1b& disc, double pixel_mm) {
  DiscRegions regions;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(disc > 127, regions.labels, stats, centroids);
  for (int id = 1; id < count; ++id) {
    if (stats.at<int>(id, cv::CC_STAT_AREA) * pixel_mm * pixel_mm < kMinimumDiscAreaMm2) continue;
    regions.ids.push_back(id);
    regions.centres_px.emplace_back(centroids.at<double>(id, 0), centroids.at<double>(id, 1));
  }
  return regions;
}

/// Middle of S1 as the labels allow: below the L5/S1 disc, along its normal.
cv::Point2d sacrum_point(const cv::Mat& region, cv::Point2d centre_px, double pixel_mm) {
  const cv::Moments moments = cv::moments(region, true);
  const double angle = 0.5 * std::atan2(2 * moments.mu11, moments.mu20 - moments.mu02);
  cv::Point2d normal(-std::sin(angle), std::cos(angle));
  if (normal.y < 0) normal *= -1;
  return centre_px + normal * (kSacrumBelowDiscMm / pixel_mm);
}

cv::Mat1b to_bytes(const cv::Mat1f& map) {
  cv::Mat1b bytes;
  map.convertTo(bytes, CV_8U, 255);
  return bytes;
}

/// Labels of one slice; nothing when the slice does not name L5/S1 or its disc is not in the mask.
std::optional<LabelledSlice> labelled_slice(const SliceImage& image, const CanonicalView& view, const cv::Mat1b& mask,
                                            const std::map<Level, cv::Point2d>& discs_px) {
  const auto l5s1 = discs_px.find(Level::L5S1);
  if (l5s1 == discs_px.end()) return std::nullopt;
  LabelledSlice slice;
  slice.pixels = image.pixels;
  const auto layer = [&](int label) -> cv::Mat1b { return resample((mask == label), view); };
  const cv::Mat1b disc = layer(kDiscLabel);
  const DiscRegions regions = disc_regions(disc, view.pixel_mm);
  cv::Mat1f centres(disc.size(), 0);
  for (const cv::Point2d& centre : regions.centres_px) add_spot(centres, centre, kCentreSigmaMm / view.pixel_mm);

  cv::Mat1b l5s1_region(disc.size(), 0);
  cv::Mat1f sacrum(disc.size(), 0);
  bool found = false;
  for (size_t k = 0; k < regions.ids.size(); ++k) {
    if (cv::norm(regions.centres_px[k] - l5s1->second) * view.pixel_mm > kSameDiscMm) continue;
    const cv::Mat region = regions.labels == regions.ids[k];
    l5s1_region = region;
    add_spot(sacrum, sacrum_point(region, regions.centres_px[k], view.pixel_mm), kSacrumSigmaMm / view.pixel_mm);
    found = true;
  }
  if (!found) return std::nullopt;
  cv::merge(std::vector<cv::Mat>{disc, layer(kVertebraLabel), layer(kCanalLabel), l5s1_region}, slice.classes);
  cv::merge(std::vector<cv::Mat>{to_bytes(sacrum), to_bytes(centres)}, slice.spots);
  for (const auto& [level, point] : discs_px) slice.spine_px += point * (1.0 / static_cast<double>(discs_px.size()));
  return slice;
}

cv::Point2d canonical_from_grid(const CanonicalView& view, cv::Point2d grid_px) {
  const cv::Matx22d linear = view.index_from_pixel.get_minor<2, 2>(0, 0);
  const cv::Vec2d offset(grid_px.x - view.index_from_pixel(0, 2), grid_px.y - view.index_from_pixel(1, 2));
  const cv::Vec2d pixel = linear.inv() * offset;
  return {pixel[0], pixel[1]};
}

int slice_of_instance(const Volume& volume, int instance_number) {
  for (size_t k = 0; k < volume.sources.size(); ++k) {
    if (volume.sources[k].instance_number == instance_number) return static_cast<int>(k);
  }
  return -1;
}

}  // namespace

LocatorDataset::LocatorDataset(fs::path root) : root_(std::move(root)) {
  if (!fs::is_directory(root_ / "train_images") || !fs::is_directory(root_ / "masks")) {
    throw Error(ErrorKind::Usage, text(root_.string(),
                                       " holds no train_images/ and masks/; `lumbargrade train locator "
                                       "--help` describes the folder it needs"));
  }
  const auto read_points = [](const fs::path& path, auto& points) {
    for (const TableRow row : Table(path, ErrorKind::Failure)) {
      points[row.word("study_id")].push_back({row.word("series_id"),
                                              static_cast<int>(row.integer("instance_number", 0, kLastInstance)),
                                              row.level(),
                                              {row.number("x"), row.number("y")}});
    }
  };
  read_points(root_ / "disc_centres.csv", discs_);
  if (const fs::path path = root_ / "train_label_coordinates.csv"; fs::exists(path)) read_points(path, canal_points_);
  if (const fs::path path = root_ / "canal_measurements.csv"; fs::exists(path)) {
    for (const TableRow row : Table(path, ErrorKind::Failure)) {
      StudyTruth::CanalTruth& truth = canal_[row.word("study_id")][row.level()];
      truth.diameter_mm = row.number("ap_mm");
      truth.ratio = row.optional_number("ratio");
    }
  }
  for (const auto& [study_id, rows] : discs_) {
    if (fs::is_directory(root_ / "train_images" / study_id)) study_ids_.push_back(study_id);
  }
}

LabelledStudy LocatorDataset::load(const std::string& study_id) const {
  Study study = load_study(root_ / "train_images" / study_id);
  if (!study.sagittal_t2) throw Error(ErrorKind::Failure, text("study ", study_id, " has no sagittal T2 series"));
  LabelledStudy labelled;
  labelled.study_id = study_id;
  labelled.stack.study_id = study_id;
  labelled.volume = std::move(*study.sagittal_t2);
  const Volume& volume = labelled.volume;
  const CanonicalView view = canonical_view(volume.patient_from_index, volume.columns, volume.rows);
  for (int k = 0; k < volume.slices; ++k) {
    const int instance = volume.sources[static_cast<size_t>(k)].instance_number;
    std::map<Level, cv::Point2d> discs_px;
    std::string series_id;
    for (const DiscRow& row : discs_.at(study_id)) {
      if (row.instance_number != instance) continue;
      discs_px[row.level] = canonical_from_grid(view, row.point_px);
      series_id = row.series_id;
    }
    if (discs_px.empty()) continue;
    const cv::Mat1b mask = read_grey_png(root_ / "masks" / study_id / series_id / (std::to_string(instance) + ".png"));
    if (mask.rows != volume.rows || mask.cols != volume.columns) {
      throw Error(ErrorKind::Failure, text("mask of study ", study_id, ", instance ", instance, " is ", mask.cols,
                                           " x ", mask.rows, ", its image ", volume.columns, " x ", volume.rows));
    }
    if (auto slice = labelled_slice(canonical_slice(volume, k), view, mask, discs_px)) {
      labelled.stack.slices.push_back(std::move(*slice));
    }
  }
  labelled.truth = truth_of(study_id, volume);
  return labelled;
}

Volume LocatorDataset::canal_mask(const LabelledStudy& study) const {
  Volume mask = study.volume;
  const size_t pixels = static_cast<size_t>(mask.rows) * static_cast<size_t>(mask.columns);
  const std::string& series_id = discs_.at(study.study_id).front().series_id;
  for (size_t k = 0; k < mask.sources.size(); ++k) {
    const fs::path file =
        root_ / "masks" / study.study_id / series_id / (std::to_string(mask.sources[k].instance_number) + ".png");
    const cv::Mat1b labels = read_grey_png(file);
    if (labels.rows != mask.rows || labels.cols != mask.columns) {
      throw Error(ErrorKind::Failure, text(file.string(), " is ", labels.cols, " x ", labels.rows, ", its image ",
                                           mask.columns, " x ", mask.rows));
    }
    std::transform(labels.begin(), labels.end(), mask.voxels.begin() + static_cast<std::ptrdiff_t>(k * pixels),
                   [](uchar label) { return label == kCanalLabel ? 1.0F : 0.0F; });
  }
  return mask;
}

StudyTruth LocatorDataset::truth_of(const std::string& study_id, const Volume& volume) const {
  const auto patient_point = [&](const DiscRow& row) -> std::optional<Vector3> {
    const int slice = slice_of_instance(volume, row.instance_number);
    if (slice < 0) return std::nullopt;
    return volume.patient_from_index * Vector3(row.point_px.x, row.point_px.y, slice);
  };
  StudyTruth truth;
  for (const DiscRow& row : discs_.at(study_id)) {
    if (const auto point = patient_point(row)) truth.disc_centres_patient[row.level].push_back(*point);
  }
  if (const auto rows = canal_points_.find(study_id); rows != canal_points_.end()) {
    for (const DiscRow& row : rows->second) {
      if (const auto point = patient_point(row)) truth.canal_points_patient[row.level] = *point;
    }
  }
  if (const auto canal = canal_.find(study_id); canal != canal_.end()) truth.canal = canal->second;
  return truth;
}

Volume single_slice_volume(const cv::Mat1b& image, double pixel_mm) {
  Volume volume;
  volume.columns = image.cols;
  volume.rows = image.rows;
  volume.slices = 1;
  volume.voxels.assign(image.begin(), image.end());
  volume.patient_from_index.linear() << 0, 0, 1, pixel_mm, 0, 0, 0, -pixel_mm, 0;
  return volume;
}

std::vector<UnlabelledImage> load_unlabelled(const fs::path& folder) {
  std::map<std::string, std::pair<std::string, double>> known;  // file -> patient, pixel mm
  if (const fs::path table = folder.parent_path() / "midsagittal.csv"; fs::exists(table)) {
    for (const TableRow row : Table(table, ErrorKind::Failure)) {
      known[row.word("file")] = {row.word("patient"), row.number("row_spacing_mm")};
    }
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<UnlabelledImage> images;
  for (const fs::path& file : files) {
    const cv::Mat1b grey = read_grey_png(file);
    const auto entry = known.find(file.filename().string());
    const std::string name = file.filename().string();
    const std::string patient = entry != known.end() ? entry->second.first : name.substr(0, name.find('_'));
    const double pixel_mm = entry != known.end() ? entry->second.second : kAssumedWidthMm / grey.cols;
    images.push_back({name, patient, canonical_slice(single_slice_volume(grey, pixel_mm), 0)});
  }
  return images;
}

}  // namespace lumbargrade
