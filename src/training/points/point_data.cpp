#include "training/points/point_data.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "bundle/find_bundle.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/sha256.h"
#include "pipeline/load_grader.h"
#include "points/point_view.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/study_source.h"
#include "training/grader/training_set.h"
#include "volume/slice_sampler.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPointIndexFile = "points.json";
constexpr int kCacheFormat = 1;
constexpr int kPointStudiesPerThread = 4;

fs::path point_crops(const fs::path& cache, Anchor anchor) {
  return cache / text(anchor_name(anchor), ".u8");
}

/// Where the crop's slices lie in the images of the study.
CropSource source_of(const Crop& crop, const View& view, const std::vector<const Volume*>& volumes) {
  CropSource source;
  const auto find = [&](const std::string& uid) -> std::pair<const Volume*, int> {
    for (const Volume* volume : volumes) {
      if (volume->series_instance_uid != crop.series_instance_uid) continue;
      for (size_t k = 0; k < volume->sources.size(); ++k) {
        if (volume->sources[k].sop_instance_uid == uid) return {volume, static_cast<int>(k)};
      }
    }
    return {nullptr, 0};
  };
  for (size_t k = 0; k < static_cast<size_t>(crop.slices); ++k) {
    source.slices.emplace_back();
    const auto& images = crop.slice_sop_instance_uids[k];
    if (crop.slice_valid[k] == 0 || images.empty()) continue;
    const auto [volume, slice] = find(images[images.size() / 2]);
    if (volume == nullptr) continue;
    const SliceSource& image = volume->sources[static_cast<size_t>(slice)];
    const Vector3& middle = crop.slice_middle_patient[k];
    const Eigen::Vector2d at = pixel_of(*volume, slice, middle);
    const Eigen::Vector2d along = pixel_of(*volume, slice, middle + view.pixel_mm * crop.column_direction) - at;
    const Eigen::Vector2d down = pixel_of(*volume, slice, middle + view.pixel_mm * crop.row_direction) - at;
    source.series_id = fs::path(image.file).parent_path().filename().string();
    source.slices.back() = {image.instance_number, at.x(), at.y()};
    source.image_per_crop = {along.x(), along.y(), down.x(), down.y()};
  }
  return source;
}

struct CutPoint {
  PointSample sample;
  std::string record;  ///< its bytes in the crop file
};

struct CutPoints {
  std::array<std::vector<CutPoint>, kPointAnchors.size()> anchors;
  std::vector<DataProblem> skipped;
  std::vector<DataProblem> misplaced;
};

class PointExtractor {
 public:
  PointExtractor(const TrainingFolder& folder, const Grader& grader, const LabelCoordinates& coordinates)
      : source_(folder, grader), grader_(grader), coordinates_(coordinates) {}

  CutPoints operator()(const std::string& study_id, int study_index) const {
    CutPoints cut;
    try {
      const PreparedStudy prepared = source_.read(study_id);
      const Spine spine = located_spine(prepared, grader_.locate);
      for (size_t k = 0; k < kFindingCount; ++k) cut_point(prepared.study, spine, k, study_index, cut);
    } catch (const Error& error) {
      cut = {};
      cut.skipped = {{study_id, "", error.what()}};
    }
    return cut;
  }

 private:
  void cut_point(const Study& study, const Spine& spine, size_t finding_index, int study_index, CutPoints& cut) const {
    const Finding& finding = all_findings()[finding_index];
    const View view = usual_point_view(anchor_of(finding.condition));
    const LabelledPoint label = coordinates_.locate(study, finding);
    const auto tell = [&](const std::string& reason) {
      cut.misplaced.push_back({study.study_id, finding_key(finding), reason});
    };
    if (!label.reason.empty()) tell(label.reason);
    const auto& frame = spine.levels[index_of(finding.level)];
    if (!frame) return label.point_patient ? tell("the level was not found") : void();
    const auto volumes = volumes_of(study, view.series);
    const CropPlacement usual = usual_placement(*frame, view.anchor, finding.side, view.mirrored);
    const auto crop = cut_crop(volumes, usual, view, point_margin());
    if (!crop) return label.point_patient ? tell("no image shows the usual place of this point") : void();
    PointSample sample{study_index, finding_index, std::nullopt, source_of(*crop, view, volumes)};
    if (label.point_patient) {
      const CropPlace given = crop_place(*crop, view, *label.point_patient);
      if (shows(crop->slices, crop->size_px, given)) {
        sample.given = given;
      } else {
        tell(text("lies ", std::lround((*label.point_patient - usual.point_patient).norm()),
                  " mm from the usual place at the level of its name"));
      }
    }
    std::string record(crop->pixels.begin(), crop->pixels.end());
    record.append(crop->slice_valid.begin(), crop->slice_valid.end());
    cut.anchors[index_of(view.anchor)].push_back({std::move(sample), std::move(record)});
  }

  StudySource source_;
  const Grader& grader_;
  const LabelCoordinates& coordinates_;
};

nlohmann::json sample_json(const PointSample& sample) {
  nlohmann::json slices = nlohmann::json::array(), given;
  for (const auto& slice : sample.source.slices) slices.push_back({slice.instance_number, slice.column, slice.row});
  if (sample.given) given = {sample.given->slice, sample.given->row, sample.given->column};
  return {sample.study, sample.finding, given, sample.source.series_id, sample.source.image_per_crop, slices};
}

PointSample sample_from(const nlohmann::json& json) {
  PointSample sample{json.at(0).get<int>(), json.at(1).get<size_t>(), std::nullopt, {}};
  const auto& given = json.at(2);
  if (!given.is_null())
    sample.given = {given.at(0).get<double>(), given.at(1).get<double>(), given.at(2).get<double>()};
  sample.source.series_id = json.at(3).get<std::string>();
  sample.source.image_per_crop = json.at(4).get<std::array<double, 4>>();
  for (const auto& slice : json.at(5)) {
    sample.source.slices.push_back({slice.at(0).get<int>(), slice.at(1).get<double>(), slice.at(2).get<double>()});
  }
  return sample;
}

/// Whether it is a point of the anchor and of one of so many studies, in its crop.
bool is_valid_sample(const PointSample& sample, Anchor anchor, size_t studies) {
  const auto [slices, size_px] = extent_of(usual_point_view(anchor), point_margin());
  return sample.study >= 0 && static_cast<size_t>(sample.study) < studies && sample.finding < kFindingCount &&
         anchor_of(all_findings()[sample.finding].condition) == anchor && sample.source.slices.size() == slices &&
         (!sample.given || shows(static_cast<int>(slices), static_cast<int>(size_px), *sample.given));
}

/// Everything outside the program that decides what crops and coordinates are.
nlohmann::json point_fingerprint(const TrainingFolder& folder, const TrainingSet& set, const fs::path& bundle) {
  Manifest finders;
  finders.networks = read_manifest(bundle).networks;
  std::erase_if(finders.networks, [](const NetworkSpec& network) {
    return network.role != "locator" && network.role != "canal_outline";
  });
  for (const Anchor anchor : kPointAnchors) finders.networks.push_back(point_interface(usual_point_view(anchor)));
  const CropMargin margin = point_margin();
  nlohmann::json json = {{"format", kCacheFormat},
                         {"data", fs::weakly_canonical(folder.root()).string()},
                         {"networks", nlohmann::json::parse(manifest_text(finders)).at("networks")},
                         {"margin", {margin.slices, margin.pixels}}};
  for (const fs::path& table : {folder.series(), folder.coordinates()}) {
    json[table.filename().string()] = fs::exists(table) ? sha256_of_file(table) : "";
  }
  for (const StudyLabels& study : set.studies) json["studies"].push_back(study.study_id);
  return json;
}

/// Writes the crops of one study after another, and what could not be used; the index of all.
nlohmann::json cut_all_points(const fs::path& cache, int threads, const PointExtractor& extract,
                              const TrainingSet& set) {
  std::array<std::ofstream, kPointAnchors.size()> files;
  for (size_t a = 0; a < files.size(); ++a) files[a].open(point_crops(cache, kPointAnchors[a]), std::ios::binary);
  const auto check = [&](const std::ofstream& file) {
    if (file) return;
    throw Error(ErrorKind::Failure,
                text("cannot write the crops to ", cache.string(), ": is the disk full? --cache names another folder"));
  };
  nlohmann::json samples = {nlohmann::json::array(), nlohmann::json::array(), nlohmann::json::array()};
  std::vector<DataProblem> skipped = set.problems, misplaced;
  Progress progress("cutting crops", static_cast<int>(set.studies.size()));
  const size_t chunk = size_t{kPointStudiesPerThread} * static_cast<size_t>(threads);
  for (size_t first = 0; first < set.studies.size(); first += chunk) {
    std::vector<CutPoints> cut(std::min(chunk, set.studies.size() - first));
    for_each_index(cut.size(), threads,
                   [&](size_t k) { cut[k] = extract(set.studies[first + k].study_id, static_cast<int>(first + k)); });
    for (const CutPoints& study : cut) {
      skipped.insert(skipped.end(), study.skipped.begin(), study.skipped.end());
      misplaced.insert(misplaced.end(), study.misplaced.begin(), study.misplaced.end());
      for (size_t a = 0; a < files.size(); ++a) {
        for (const CutPoint& point : study.anchors[a]) {
          samples[a].push_back(sample_json(point.sample));
          files[a].write(point.record.data(), static_cast<std::streamsize>(point.record.size()));
        }
        check(files[a]);
      }
    }
    progress.show(static_cast<int>(first + cut.size()), text(skipped.size(), " skipped"));
  }
  for (std::ofstream& file : files) {
    file.close();
    check(file);
  }
  write_problems(cache / "skipped.csv", skipped);
  write_problems(cache / "misplaced.csv", misplaced);
  return {{"samples", samples}, {"skipped", skipped.size()}, {"misplaced", misplaced.size()}};
}

AnchorData anchor_data(const fs::path& cache, const nlohmann::json& index, Anchor anchor) {
  AnchorData data{{}, CropFile(point_crops(cache, anchor), usual_point_view(anchor), point_margin())};
  for (const auto& sample : index.at("samples").at(index_of(anchor))) data.samples.push_back(sample_from(sample));
  return data;
}

/// Whether the first study that gave crops is cut now as it was: a version of the program that reads, finds or cuts
/// otherwise is known by it.
bool is_cut_alike(const fs::path& cache, const PointExtractor& extract, const TrainingSet& set,
                  const nlohmann::json& index) {
  std::optional<CutPoints> cut;
  for (const Anchor anchor : kPointAnchors) {
    if (!fs::is_regular_file(point_crops(cache, anchor))) return false;
    const AnchorData stored = anchor_data(cache, index, anchor);
    if (!stored.crops.holds(stored.samples.size())) return false;
    if (stored.samples.empty()) continue;
    const int study = stored.samples.front().study;
    if (!cut) cut = extract(set.studies[static_cast<size_t>(study)].study_id, study);
    const auto& points = cut->anchors[index_of(anchor)];
    if (points.empty()) continue;  // this anchor begins with another study
    for (size_t k = 0; k < points.size(); ++k) {
      if (k >= stored.samples.size() || sample_json(points[k].sample) != sample_json(stored.samples[k])) return false;
      const auto* bytes = reinterpret_cast<const char*>(stored.crops.slice(k, 0));
      if (!std::equal(points[k].record.begin(), points[k].record.end(), bytes)) return false;
    }
  }
  return true;
}

std::optional<nlohmann::json> stored_index(const fs::path& cache, const nlohmann::json& wanted) {
  auto index = stored_json(cache / kPointIndexFile);
  if (!index.is_object() || index.value("fingerprint", nlohmann::json()) != wanted) return std::nullopt;
  return index;
}

nlohmann::json stored_or_cut(const PointDataOptions& options, const TrainingFolder& folder, const TrainingSet& set) {
  fs::create_directories(options.cache);
  GraderOptions grader_options;
  grader_options.precision = "float32";  // the same on every processor
  grader_options.bundle = find_base_bundle(options.bundle);
  grader_options.threads = 1;  // studies are cut side by side
  const LoadedGrader loaded = load_grader(grader_options);
  const LabelCoordinates coordinates = read_label_coordinates(folder.coordinates());
  const PointExtractor extract(folder, loaded.grader, coordinates);
  const nlohmann::json wanted = point_fingerprint(folder, set, loaded.bundle_folder);
  if (auto index = stored_index(options.cache, wanted)) {
    if (is_valid_point_index(*index, set.studies.size()) && is_cut_alike(options.cache, extract, set, *index)) {
      log_info(text("crops of ", options.cache.string(), " are used again"));
      return *index;
    }
    log_info(text("crops of ", options.cache.string(), " are not what would be cut now: they are cut again"));
  }
  fs::remove(options.cache / kPointIndexFile);
  nlohmann::json index = cut_all_points(options.cache, options.threads, extract, set);
  index["fingerprint"] = wanted;
  write_file_atomically(options.cache / kPointIndexFile, index.dump() + "\n");
  return index;
}

void warn_about_point_problems(const nlohmann::json& index, const fs::path& cache) {
  const auto skipped = index.at("skipped").get<size_t>(), misplaced = index.at("misplaced").get<size_t>();
  if (skipped > 0)
    log_warning(text(skipped, " studies are left out; ", (cache / "skipped.csv").string(), " tells why"));
  if (misplaced > 0) {
    log_warning(
        text(misplaced, " coordinates are not learned from; ", (cache / "misplaced.csv").string(), " tells why"));
  }
}

}  // namespace

std::optional<ImagePlace> CropSource::image_place(const CropPlace& place, int size_px) const {
  const auto slice = static_cast<std::ptrdiff_t>(std::lround(place.slice));
  if (slice < 0 || slice >= static_cast<std::ptrdiff_t>(slices.size())) return std::nullopt;
  const Slice& image = slices[static_cast<size_t>(slice)];
  if (image.instance_number < 0) return std::nullopt;
  const double middle = (size_px - 1) / 2.0, column = place.column - middle, row = place.row - middle;
  return ImagePlace{series_id, image.instance_number,
                    image.column + image_per_crop[0] * column + image_per_crop[2] * row,
                    image.row + image_per_crop[1] * column + image_per_crop[3] * row};
}

CropMargin point_margin() {
  return {1, 6};
}

bool is_valid_point_index(const nlohmann::json& index, size_t studies) {
  try {
    for (const Anchor anchor : kPointAnchors) {
      for (const auto& sample : index.at("samples").at(index_of(anchor))) {
        if (!is_valid_sample(sample_from(sample), anchor, studies)) return false;
      }
    }
    return index.at("skipped").is_number_unsigned() && index.at("misplaced").is_number_unsigned();
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

PointData load_point_data(const PointDataOptions& options) {
  const TrainingFolder folder(options.data);
  if (!fs::exists(folder.coordinates())) {
    throw Error(ErrorKind::Usage,
                text(folder.coordinates().string(), " is missing: points are learned from the coordinates in it"));
  }
  const TrainingSet set = unlabelled_studies(folder);
  const nlohmann::json index = stored_or_cut(options, folder, set);
  warn_about_point_problems(index, options.cache);
  PointData data;
  data.fingerprint = sha256_of_bytes(index.dump());
  for (const StudyLabels& study : set.studies) data.study_ids.push_back(study.study_id);
  size_t given = 0;
  for (const Anchor anchor : kPointAnchors) {
    data.anchors.push_back(anchor_data(options.cache, index, anchor));
    for (const PointSample& sample : data.anchors.back().samples) given += sample.given.has_value();
  }
  if (given == 0) {
    throw Error(ErrorKind::Usage, text("none of the coordinates in ", folder.coordinates().string(),
                                       " can be used with the images of ", folder.images().string(), "; ",
                                       (options.cache / "misplaced.csv").string(), " and skipped.csv tell why"));
  }
  return data;
}

}  // namespace lumbargrade
