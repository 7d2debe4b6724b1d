#include "training/grader_data.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "metric/cases.h"
#include "network/sha256.h"
#include "runs/load_grader.h"
#include "study/parallel.h"
#include "training/label_coordinates.h"
#include "training/progress.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexFile = "index.json";
constexpr const char* kSkippedFile = "skipped.csv";
constexpr int kStudiesPerThread = 4;
/// Margins hold shifts of this many standard deviations.
constexpr double kJitterReach = 2.5;

struct Paths {
  fs::path root;
  fs::path labels() const { return root / "train.csv"; }
  fs::path images(const std::string& study) const { return root / "train_images" / study; }
  fs::path series() const { return root / "train_series_descriptions.csv"; }
  fs::path coordinates() const { return root / "train_label_coordinates.csv"; }
};

/// A finding that was cut: the bytes of its record in every view's file.
struct CutFinding {
  GraderSample sample;
  std::vector<std::string> records;
};

struct Skipped {
  std::string study_id;
  std::string finding;
  std::string reason;
};

/// What one study gives to every network.
struct CutStudy {
  std::vector<std::vector<CutFinding>> networks;
  std::vector<Skipped> skipped;
};

std::string record_of(const std::optional<Crop>& crop, const View& view, const CropMargin& margin) {
  const auto slices = static_cast<size_t>(view.slices + 2 * margin.slices);
  const auto size = static_cast<size_t>(view.size_px + 2 * margin.pixels);
  std::string record(slices * size * size + slices, '\0');
  if (!crop) return record;
  std::copy(crop->pixels.begin(), crop->pixels.end(), record.begin());
  std::copy(crop->slice_valid.begin(), crop->slice_valid.end(), record.end() - static_cast<std::ptrdiff_t>(slices));
  return record;
}

/// A level's axes from the data set's canal points alone: up along the line of the canal, left as near to the patient's
/// left as that allows.
LevelFrame frame_along(Level level, const Vector3& canal_patient, const Vector3& up) {
  LevelFrame frame;
  frame.level = level;
  frame.centre_patient = canal_patient;
  frame.canal_patient = canal_patient;
  frame.up = up.normalized();
  frame.left = (Vector3::UnitX() - frame.up * frame.up.x()).normalized();
  frame.posterior = frame.up.cross(frame.left);
  return frame;
}

/// What the data set's canal points tell of a spine in which the locator found nothing.
Spine spine_of_points(const Study& study, const LabelCoordinates& coordinates) {
  std::array<std::optional<Vector3>, kLevelCount> points;
  for (size_t k = 0; k < points.size(); ++k) {
    points[k] = coordinates.point_patient(study, {Condition::SpinalCanalStenosis, std::nullopt, kLevels[k]});
  }
  Spine spine;
  for (size_t k = 0; k < points.size(); ++k) {
    const auto& above = points[k > 0 ? k - 1 : k];
    const auto& below = points[k + 1 < points.size() ? k + 1 : k];
    if (points[k] && above && below) spine.levels[k] = frame_along(kLevels[k], *points[k], *above - *below);
  }
  return spine;
}

class StudyCutter {
 public:
  StudyCutter(const GraderRecipe& recipe, const GraderDataOptions& options, const Grader& grader,
              const LabelCoordinates& coordinates)
      : recipe_(recipe), options_(options), grader_(grader), coordinates_(coordinates) {}

  CutStudy operator()(const StudyLabels& labels, int study_index) const {
    CutStudy cut;
    cut.networks.resize(recipe_.networks.size());
    try {
      const Study study = load(labels.study_id);
      const Spine spine = located(study);
      for (size_t n = 0; n < recipe_.networks.size(); ++n) {
        cut_network(recipe_.networks[n], labels, study, spine, study_index, cut.networks[n], cut.skipped);
      }
    } catch (const Error& error) {
      for (auto& network : cut.networks) network.clear();
      cut.skipped = {{labels.study_id, "", error.what()}};
    }
    return cut;
  }

 private:
  Study load(const std::string& study_id) const {
    const Paths paths{options_.data};
    StudyOptions options;
    options.threads = 1;
    if (fs::exists(paths.series())) options.series_descriptions = paths.series();
    return load_study(paths.images(study_id), options);
  }

  Spine located(const Study& study) const {
    const Volume* volume = study.sagittal_t2 ? &*study.sagittal_t2 : study.sagittal_t1 ? &*study.sagittal_t1 : nullptr;
    if (volume == nullptr) throw Error(ErrorKind::NoUsableStudy, "no sagittal series");
    try {
      return grader_.locate(*volume);
    } catch (const Error& error) {
      if (options_.points == TrainingPoints::Predicted || error.kind() != ErrorKind::NoUsableStudy) throw;
      return spine_of_points(study, coordinates_);
    }
  }

  std::optional<CropPlacement> placement_of(const Study& study, const Spine& spine, const Finding& finding,
                                            Anchor anchor) const {
    const auto& frame = spine.levels[static_cast<size_t>(index_of(finding.level))];
    std::optional<Vector3> given;
    if (options_.points == TrainingPoints::Given) given = coordinates_.point_patient(study, finding);
    if (!frame) return std::nullopt;
    CropPlacement placement = place_crop(*frame, anchor, finding.side);
    if (given) placement.point_patient = *given;
    return placement;
  }

  std::optional<MeasuredGrade> measured(const Finding& finding, const Study& study, const Spine& spine) const {
    const auto& frame = spine.levels[static_cast<size_t>(index_of(finding.level))];
    if (!frame) return std::nullopt;
    std::optional<ForamenMeasure> foramen;
    if (finding.condition == Condition::NeuralForaminalNarrowing && grader_.model.foramen) {
      foramen =
          measure_foramen(volumes_of(study, SeriesRole::SagittalT1), place_crop(*frame, Anchor::Foramen, finding.side));
    }
    return measured_grade(finding, *frame, foramen, grader_.model);
  }

  void cut_network(const NetworkRecipe& network, const StudyLabels& labels, const Study& study, const Spine& spine,
                   int study_index, std::vector<CutFinding>& cut, std::vector<Skipped>& skipped) const {
    for (size_t k = 0; k < kFindingCount; ++k) {
      const Finding& finding = all_findings()[k];
      if (finding.condition != network.condition || !labels.labels[k]) continue;
      const char* reason = "the series does not show it";
      CutFinding result{{study_index, k, labels.labels[k]->severity, measured(finding, study, spine)}, {}};
      bool shown = false;
      for (const View& view : network.views) {
        const auto placement = placement_of(study, spine, finding, view.anchor);
        if (!placement) reason = "the level was not found";
        const CropMargin margin = margin_of(view, recipe_.augmentation);
        std::optional<Crop> crop;
        if (placement) crop = cut_crop(volumes_of(study, view.series), *placement, view, margin);
        if (&view == &network.views.front()) shown = crop.has_value();
        result.records.push_back(record_of(crop, view, margin));
      }
      if (shown) {
        cut.push_back(std::move(result));
      } else {
        skipped.push_back({labels.study_id, finding_key(finding), reason});
      }
    }
  }

  const GraderRecipe& recipe_;
  const GraderDataOptions& options_;
  const Grader& grader_;
  const LabelCoordinates& coordinates_;
};

fs::path crop_path(const fs::path& cache, const NetworkRecipe& network, size_t index, const View& view) {
  return cache / text(index, "-", grading_role(network.condition), "-", view.name, ".u8");
}

/// Appends to the crop files; a full disk is an error.
class CropWriter {
 public:
  CropWriter(const GraderRecipe& recipe, const fs::path& cache) {
    files_.resize(recipe.networks.size());
    for (size_t n = 0; n < recipe.networks.size(); ++n) {
      for (const View& view : recipe.networks[n].views) {
        paths_.push_back(crop_path(cache, recipe.networks[n], n, view));
        files_[n].emplace_back(paths_.back(), std::ios::binary | std::ios::trunc);
      }
    }
  }

  void add(size_t network, const CutFinding& finding) {
    for (size_t v = 0; v < finding.records.size(); ++v) {
      std::ofstream& file = files_[network][v];
      file.write(finding.records[v].data(), static_cast<std::streamsize>(finding.records[v].size()));
      if (!file) throw_full();
    }
  }

  void close() {
    for (auto& files : files_) {
      for (std::ofstream& file : files) {
        file.close();
        if (!file) throw_full();
      }
    }
  }

 private:
  [[noreturn]] void throw_full() const {
    throw Error(ErrorKind::Failure, text("cannot write the crops to ", paths_.front().parent_path().string(),
                                         ": is the disk full? "
                                         "--cache names another folder"));
  }

  std::vector<fs::path> paths_;
  std::vector<std::vector<std::ofstream>> files_;
};

nlohmann::json view_json(const View& view) {
  return {{"name", view.name},        {"series", role_name(view.series)}, {"anchor", anchor_name(view.anchor)},
          {"slices", view.slices},    {"size_px", view.size_px},          {"pixel_mm", view.pixel_mm},
          {"slice_mm", view.slice_mm}};
}

/// Weights that decide where crops lie.
nlohmann::json finding_networks(const fs::path& bundle) {
  nlohmann::json weights = nlohmann::json::array();
  for (const NetworkSpec& network : read_manifest(bundle).networks) {
    if (network.role == "locator" || network.role == "canal_outline") weights.push_back(network.weights.sha256);
  }
  return weights;
}

/// Numbers that decide what measures say.
nlohmann::json measures_of(const fs::path& bundle) {
  nlohmann::json measures = nlohmann::json::parse(manifest_text(read_manifest(bundle))).at("grading");
  for (const char* other : {"prior", "heads"}) measures.erase(other);
  return measures;
}

/// Everything that decides what the crops look like and what was measured.
nlohmann::json fingerprint(const GraderRecipe& recipe, const GraderDataOptions& options, const fs::path& bundle) {
  const Paths paths{options.data};
  nlohmann::json json = {{"format", 2},
                         {"data", fs::weakly_canonical(options.data).string()},
                         {"labels", sha256_of_file(paths.labels())},
                         {"points", options.points == TrainingPoints::Given ? "given" : "predicted"},
                         {"finders", finding_networks(bundle)},
                         {"measures", measures_of(bundle)}};
  for (const fs::path& table : {paths.series(), paths.coordinates()}) {
    json[table.filename().string()] = fs::exists(table) ? sha256_of_file(table) : "";
  }
  for (const NetworkRecipe& network : recipe.networks) {
    nlohmann::json views = nlohmann::json::array();
    for (const View& view : network.views) {
      const CropMargin margin = margin_of(view, recipe.augmentation);
      nlohmann::json entry = view_json(view);
      entry["margin"] = {margin.slices, margin.pixels};
      views.push_back(entry);
    }
    json["networks"].push_back({{"condition", condition_key(network.condition)}, {"views", views}});
  }
  return json;
}

nlohmann::json samples_json(const std::vector<GraderSample>& samples) {
  nlohmann::json json = nlohmann::json::array();
  for (const GraderSample& sample : samples) {
    nlohmann::json measured;
    if (sample.measured) measured = {sample.measured->probabilities, sample.measured->weight};
    json.push_back({sample.study, sample.finding, static_cast<int>(sample.severity), measured});
  }
  return json;
}

std::vector<GraderSample> samples_from(const nlohmann::json& json) {
  std::vector<GraderSample> samples;
  for (const auto& entry : json) {
    GraderSample sample{entry.at(0).get<int>(), entry.at(1).get<size_t>(),
                        static_cast<Severity>(entry.at(2).get<int>()), std::nullopt};
    const auto& measured = entry.at(3);
    if (!measured.is_null()) sample.measured = {measured.at(0).get<Probabilities>(), measured.at(1).get<double>()};
    samples.push_back(sample);
  }
  return samples;
}

void write_skipped(const fs::path& cache, const std::vector<Skipped>& skipped) {
  std::string content = csv_line({"study_id", "finding", "reason"});
  for (const Skipped& row : skipped) content += csv_line({row.study_id, row.finding, row.reason});
  write_file_atomically(cache / kSkippedFile, content);
}

int labels_of_recipe(const GraderRecipe& recipe, const Truth& truth) {
  int count = 0;
  for (const NetworkRecipe& network : recipe.networks) {
    for (const StudyLabels& study : truth) {
      for (size_t k = 0; k < kFindingCount; ++k) {
        count += study.labels[k].has_value() && all_findings()[k].condition == network.condition;
      }
    }
  }
  return count;
}

/// Reads and cuts all studies; returns what stands in the index besides the fingerprint.
nlohmann::json cut_all(const GraderRecipe& recipe, const GraderDataOptions& options, const Grader& grader,
                       const Truth& truth) {
  const Paths paths{options.data};
  const LabelCoordinates coordinates =
      fs::exists(paths.coordinates()) ? read_label_coordinates(paths.coordinates()) : LabelCoordinates{};
  const StudyCutter cutter(recipe, options, grader, coordinates);
  CropWriter writer(recipe, options.cache);
  std::vector<std::vector<GraderSample>> samples(recipe.networks.size());
  std::vector<Skipped> skipped;
  Progress progress("cutting crops", static_cast<int>(truth.size()));
  const auto chunk = static_cast<size_t>(kStudiesPerThread * options.threads);
  for (size_t first = 0; first < truth.size(); first += chunk) {
    std::vector<CutStudy> cut(std::min(chunk, truth.size() - first));
    for_each_index(cut.size(), options.threads,
                   [&](size_t k) { cut[k] = cutter(truth[first + k], static_cast<int>(first + k)); });
    for (const CutStudy& study : cut) {
      skipped.insert(skipped.end(), study.skipped.begin(), study.skipped.end());
      for (size_t n = 0; n < study.networks.size(); ++n) {
        for (const CutFinding& finding : study.networks[n]) {
          writer.add(n, finding);
          samples[n].push_back(finding.sample);
        }
      }
    }
    progress.show(static_cast<int>(first + cut.size()), text(skipped.size(), " skipped"));
  }
  writer.close();
  write_skipped(options.cache, skipped);
  nlohmann::json result;
  for (const auto& of_network : samples) result.push_back(samples_json(of_network));
  return result;
}

std::optional<nlohmann::json> cached_samples(const fs::path& cache, const nlohmann::json& wanted) {
  std::ifstream file(cache / kIndexFile);
  if (!file) return std::nullopt;
  const auto index = nlohmann::json::parse(file, nullptr, false);
  if (index.is_discarded() || index.value("fingerprint", nlohmann::json()) != wanted) return std::nullopt;
  return index.at("samples");
}

Truth labels_with_images(const Paths& paths) {
  if (!fs::exists(paths.labels())) {
    throw Error(ErrorKind::Usage, text(paths.labels().string(),
                                       " is missing; --data takes a folder in the challenge's "
                                       "layout: train.csv, train_images/<study>/<series>/"));
  }
  Truth truth = read_truth(paths.labels());
  const size_t labelled = truth.size();
  std::erase_if(truth, [&](const StudyLabels& study) { return !fs::is_directory(paths.images(study.study_id)); });
  if (truth.size() < labelled) {
    log_warning(text(labelled - truth.size(), " of ", labelled, " labelled studies have no folder in ",
                     (paths.root / "train_images").string(), " and are left out"));
  }
  size_t folders = 0;
  if (fs::is_directory(paths.root / "train_images")) {
    for (const auto& entry : fs::directory_iterator(paths.root / "train_images")) folders += entry.is_directory();
  }
  if (folders > truth.size()) log_warning(text(folders - truth.size(), " studies have images but no labels"));
  if (truth.empty()) throw Error(ErrorKind::Usage, text("no labelled study with images in ", paths.root.string()));
  return truth;
}

}  // namespace

MappedFile::MappedFile(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  struct stat status {};
  const bool known = ::fstat(descriptor, &status) == 0;
  size_ = known ? static_cast<size_t>(status.st_size) : 0;
  void* mapped = size_ > 0 ? ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor, 0) : nullptr;
  ::close(descriptor);
  if (mapped == MAP_FAILED) throw Error(ErrorKind::Failure, text("cannot map ", path.string(), " into memory"));
  data_ = static_cast<const std::uint8_t*>(mapped);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint8_t*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

CropFile::CropFile(const fs::path& path, const View& view, const CropMargin& margin)
    : view_(view), margin_(margin), file_(path) {}

size_t CropFile::record_bytes() const {
  const auto size = static_cast<size_t>(size_px());
  return static_cast<size_t>(slices()) * (size * size + 1);
}

const std::uint8_t* CropFile::slice(size_t sample, int slice) const {
  const auto size = static_cast<size_t>(size_px());
  return file_.data() + sample * record_bytes() + static_cast<size_t>(slice) * size * size;
}

bool CropFile::is_valid(size_t sample, int slice) const {
  const auto size = static_cast<size_t>(size_px());
  return file_.data()[sample * record_bytes() + static_cast<size_t>(slices()) * size * size +
                      static_cast<size_t>(slice)] != 0;
}

CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation) {
  return {augmentation.jitter_slices,
          static_cast<int>(std::ceil(kJitterReach * augmentation.jitter_mm / view.pixel_mm))};
}

GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options) {
  const Paths paths{options.data};
  const Truth truth = labels_with_images(paths);
  fs::create_directories(options.cache);
  GraderOptions grader_options;
  if (!options.base_bundle.empty()) grader_options.bundle = options.base_bundle;
  grader_options.threads = 1;  // studies are cut side by side
  const LoadedGrader loaded = load_grader(grader_options);
  const nlohmann::json wanted = fingerprint(recipe, options, loaded.bundle_folder);
  auto samples = cached_samples(options.cache, wanted);
  if (samples) {
    log_info(text("crops of ", options.cache.string(), " are used again"));
  } else {
    fs::remove(options.cache / kIndexFile);
    samples = cut_all(recipe, options, loaded.grader, truth);
    const nlohmann::json index = {{"fingerprint", wanted}, {"samples", *samples}};
    write_file_atomically(options.cache / kIndexFile, index.dump() + "\n");
  }
  GraderData data;
  for (const StudyLabels& study : truth) data.study_ids.push_back(study.study_id);
  int cut = 0;
  for (size_t n = 0; n < recipe.networks.size(); ++n) {
    NetworkData network{samples_from(samples->at(n)), {}};
    cut += static_cast<int>(network.samples.size());
    for (const View& view : recipe.networks[n].views) {
      network.views.emplace_back(crop_path(options.cache, recipe.networks[n], n, view), view,
                                 margin_of(view, recipe.augmentation));
    }
    data.networks.push_back(std::move(network));
  }
  data.labelled_findings = labels_of_recipe(recipe, truth);
  data.skipped_findings = data.labelled_findings - cut;
  if (data.skipped_findings > 0) {
    log_warning(text(data.skipped_findings, " of ", data.labelled_findings, " labelled findings have no crop; ",
                     (options.cache / kSkippedFile).string(), " says why"));
  }
  return data;
}

}  // namespace lumbargrade
