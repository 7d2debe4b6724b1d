#include "training/grader/crop_cache.h"

#include <algorithm>
#include <iterator>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "training/grader/crop_writer.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexFile = "index.json";
constexpr const char* kKeptFile = "cutting.json";  // what has been cut so far
constexpr const char* kLockFile = ".lock";
constexpr const char* kSkippedFile = "skipped.csv";
constexpr const char* kMisplacedFile = "misplaced.csv";
constexpr int kStudiesPerThread = 4;

/// By network and view, slices and pixels.
nlohmann::json margins_json(const GraderRecipe& recipe) {
  nlohmann::json margins = nlohmann::json::array();
  for (const NetworkRecipe& network : recipe.networks) {
    nlohmann::json of_network = nlohmann::json::array();
    for (const View& view : network.views) {
      const CropMargin margin = margin_of(view, recipe.augmentation);
      of_network.push_back({margin.slices, margin.pixels});
    }
    margins.push_back(of_network);
  }
  return margins;
}

CropMargin margin_from(const nlohmann::json& json) {
  return {json.at(0).get<int>(), json.at(1).get<int>()};
}

/// Crops with more room than this recipe needs serve it as well.
bool has_room(const nlohmann::json& stored, const nlohmann::json& needed) {
  for (size_t n = 0; n < needed.size(); ++n) {
    for (size_t v = 0; v < needed.at(n).size(); ++v) {
      const CropMargin own = margin_from(stored.at(n).at(v)), wanted = margin_from(needed.at(n).at(v));
      if (own.slices < wanted.slices || own.pixels < wanted.pixels) return false;
    }
  }
  return true;
}

std::optional<size_t> place_from(const nlohmann::json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<size_t>());
}

GraderSample sample_from(const nlohmann::json& json) {
  GraderSample sample;
  sample.study = json.at(0).get<int>();
  for (const auto& labelled : json.at(1)) {
    const int severity = labelled.at(1).get<int>();
    sample.findings.push_back(
        {labelled.at(0).get<size_t>(), severity >= 0 ? std::optional(static_cast<Severity>(severity)) : std::nullopt});
  }
  sample.given = place_from(json.at(2));
  sample.predicted = place_from(json.at(3));
  sample.confidence = json.at(4).get<double>();
  sample.is_misnamed = json.at(5).get<bool>();
  return sample;
}

nlohmann::json error_json(const std::optional<PointError>& error) {
  return error ? nlohmann::json{error->in_plane_mm, error->slices, error->count} : nlohmann::json();
}

std::optional<PointError> error_from(const nlohmann::json& json) {
  if (json.is_null()) return std::nullopt;
  return PointError{json.at(0).get<double>(), json.at(1).get<int>(), json.at(2).get<int>()};
}

/// From rows of study, finding, reason.
std::vector<DataProblem> problems_from(const nlohmann::json& rows) {
  std::vector<DataProblem> problems;
  for (const auto& row : rows) problems.push_back({row.at(0), row.at(1), row.at(2)});
  return problems;
}

/// By view, from rows that each have an offset or null for every view.
nlohmann::json point_errors_json(const nlohmann::json& rows, size_t views) {
  nlohmann::json errors = nlohmann::json::array();
  for (size_t v = 0; v < views; ++v) {
    std::vector<PointOffset> offsets;
    for (const auto& row : rows) {
      const auto& offset = row.at(v);
      if (offset.is_null()) continue;
      offsets.push_back({offset.at(0).get<double>(), offset.at(1).get<double>(), offset.at(2).get<int>()});
    }
    errors.push_back(error_json(point_error_of(offsets)));
  }
  return errors;
}

/// Whether a sample is of the network and of one of so many studies, and its crops are among the records.
bool is_valid_sample(const GraderSample& sample, const NetworkRecipe& network,
                     const std::array<size_t, kCropPoints.size()>& records, size_t studies) {
  const auto is_valid = [](const LabelledFinding& labelled, Condition condition) {
    return labelled.finding < kFindingCount && all_findings()[labelled.finding].condition == condition &&
           (!labelled.severity || index_of(*labelled.severity) < kSeverityCount);
  };
  for (const CropPoint point : kCropPoints) {
    const auto& record = sample.record(point);
    if (record && *record >= records[index_of(point)]) return false;
  }
  return sample.study >= 0 && static_cast<size_t>(sample.study) < studies &&
         std::equal(sample.findings.begin(), sample.findings.end(), network.conditions.begin(),
                    network.conditions.end(), is_valid);
}

/// Whether the records of a sample, cut now, are the stored ones, which may have more room.
bool are_same(const std::optional<CropRecords>& now, const std::optional<size_t>& then,
              const std::vector<CropFile>& files, const AugmentationRecipe& augmentation) {
  if (now.has_value() != then.has_value()) return false;
  for (size_t v = 0; now && v < now->size(); ++v) {
    if (files[v].inner_record(*then, margin_of(files[v].view(), augmentation)) != (*now)[v]) return false;
  }
  return true;
}

/// Whether the samples of a study, cut now, are the stored ones.
bool are_same(const std::vector<CutSample>& cut, int study, const NetworkData& stored,
              const AugmentationRecipe& augmentation) {
  std::vector<GraderSample> own;
  std::copy_if(stored.samples.begin(), stored.samples.end(), std::back_inserter(own),
               [study](const GraderSample& sample) { return sample.study == study; });
  return std::equal(
      cut.begin(), cut.end(), own.begin(), own.end(), [&](const CutSample& now, const GraderSample& then) {
        return now.sample.findings == then.findings && are_same(now.given, then.given, stored.given, augmentation) &&
               are_same(now.predicted, then.predicted, stored.predicted, augmentation);
      });
}

}  // namespace

CropCache::CropCache(const GraderRecipe& recipe, fs::path folder)
    : recipe_(recipe),
      folder_(std::move(folder)),
      lock_(FileLock::wait_for(folder_ / kLockFile, text("the crops of ", folder_.string()))) {}

std::optional<nlohmann::json> CropCache::usable(const nlohmann::json& decided_by, const CropExtractor& extract,
                                                const Truth& studies) const {
  const nlohmann::json index = stored_json(folder_ / kIndexFile);
  if (!index.is_object() || index.value("fingerprint", nlohmann::json()) != decided_by) return std::nullopt;
  try {
    if (!has_room(index.at("margins"), margins_json(recipe_))) return std::nullopt;
    if (is_valid(index, studies.size()) && is_cut_alike(extract, studies, index)) return index;
    log_info(text("crops of ", folder_.string(), " are not what would be cut now: they are cut again"));
  } catch (const nlohmann::json::exception&) {
    log_warning(text((folder_ / kIndexFile).string(), " is damaged: the crops are cut again"));
  }
  return std::nullopt;
}

nlohmann::json CropCache::cut(const nlohmann::json& decided_by, const CropExtractor& extract, const TrainingSet& set,
                              int threads) const {
  fs::remove(folder_ / kIndexFile);
  nlohmann::json index = {{"fingerprint", decided_by}, {"margins", margins_json(recipe_)}};
  const size_t count = set.studies.size();
  CropWriter writer(record_paths(), recipe_, kept_of(index, count));
  if (writer.next_study() > 0) log_info(text("crops: resumes after ", writer.next_study(), " of ", count, " studies"));
  Progress progress("cutting crops", static_cast<int>(count));
  const size_t chunk = size_t{kStudiesPerThread} * static_cast<size_t>(threads);
  while (writer.next_study() < count) {
    const size_t first = writer.next_study();
    std::vector<CutStudy> cut(std::min(chunk, count - first));
    for_each_index(cut.size(), threads,
                   [&](size_t k) { cut[k] = extract(set.studies[first + k], static_cast<int>(first + k)); });
    for (const CutStudy& study : cut) writer.add(study);
    index.update(writer.state());
    write_file_atomically(folder_ / kKeptFile, index.dump());
    progress.show(static_cast<int>(writer.next_study()), text(index.at("skipped").size(), " skipped"));
  }
  index.update(writer.state());
  writer.finish();
  for (const DataProblem& problem : set.problems)
    index["skipped"].push_back({problem.study_id, problem.finding, problem.reason});
  write_problems(folder_ / kSkippedFile, problems_from(index.at("skipped")));
  write_problems(folder_ / kMisplacedFile, problems_from(index.at("misplaced")));
  for (size_t n = 0; n < recipe_.networks.size(); ++n)
    index["point_errors"].push_back(point_errors_json(index.at("offsets").at(n), recipe_.networks[n].views.size()));
  for (const char* key : {"skipped", "misplaced"}) index[key] = index.at(key).size();
  for (const char* key : {"offsets", "next_study"}) index.erase(key);
  write_file_atomically(folder_ / kIndexFile, index.dump() + "\n");
  fs::remove(folder_ / kKeptFile);
  return index;
}

NetworkData CropCache::network_data(const nlohmann::json& index, size_t network) const {
  NetworkData data;
  for (const auto& sample : index.at("samples").at(network)) data.samples.push_back(sample_from(sample));
  data.given = crop_files(index, network, CropPoint::Given);
  data.predicted = crop_files(index, network, CropPoint::Predicted);
  for (const auto& error : index.at("point_errors").at(network)) data.learned_point_errors.push_back(error_from(error));
  return data;
}

std::vector<std::array<std::vector<fs::path>, 2>> CropCache::record_paths() const {
  std::vector<std::array<std::vector<fs::path>, 2>> paths(recipe_.networks.size());
  for (size_t n = 0; n < paths.size(); ++n) {
    for (const CropPoint point : kCropPoints) {
      for (const View& view : recipe_.networks[n].views)
        paths[n][static_cast<size_t>(point)].push_back(crops_path(n, view, point));
    }
  }
  return paths;
}

fs::path CropCache::crops_path(size_t network, const View& view, CropPoint point) const {
  return folder_ /
         text(network, "-", name_of(recipe_.networks[network].conditions), "-", view.name, "-", name_of(point), ".u8");
}

std::vector<CropFile> CropCache::crop_files(const nlohmann::json& index, size_t network, CropPoint point) const {
  std::vector<CropFile> files;
  const auto& views = recipe_.networks[network].views;
  for (size_t v = 0; v < views.size(); ++v) {
    files.emplace_back(crops_path(network, views[v], point), views[v],
                       margin_from(index.at("margins").at(network).at(v)));
  }
  return files;
}

/// What a process that was killed had cut of the crops that were `begun`; null where there is none or it is damaged.
nlohmann::json CropCache::kept_of(const nlohmann::json& begun, size_t studies) const {
  nlohmann::json kept = stored_json(folder_ / kKeptFile);
  try {
    for (const char* key : {"fingerprint", "margins"}) {
      if (kept.at(key) != begun.at(key)) return nullptr;
    }
    const auto next_study = kept.at("next_study").get<size_t>();
    if (next_study > studies || !are_valid(kept.at("samples"), kept.at("records"), next_study)) return nullptr;
    for (size_t n = 0; n < recipe_.networks.size(); ++n)
      point_errors_json(kept.at("offsets").at(n), recipe_.networks[n].views.size());
    for (const char* key : {"skipped", "misplaced"}) problems_from(kept.at(key));
    return kept;
  } catch (const nlohmann::json::exception&) {
    return nullptr;
  }
}

/// By network: whether every sample is one of so many studies and its crops are among the records.
bool CropCache::are_valid(const nlohmann::json& samples, const nlohmann::json& records, size_t studies) const {
  for (size_t n = 0; n < recipe_.networks.size(); ++n) {
    const auto counts = records.at(n).get<std::array<size_t, kCropPoints.size()>>();
    for (const auto& json : samples.at(n)) {
      if (!is_valid_sample(sample_from(json), recipe_.networks[n], counts, studies)) return false;
    }
  }
  return true;
}

/// Whether the index can be used as it stands: what it lacks is a JSON exception.
bool CropCache::is_valid(const nlohmann::json& index, size_t studies) const {
  if (!are_valid(index.at("samples"), index.at("records"), studies)) return false;
  for (size_t n = 0; n < recipe_.networks.size(); ++n) {
    const auto& errors = index.at("point_errors").at(n);
    std::for_each(errors.begin(), errors.end(), error_from);
    if (errors.size() != recipe_.networks[n].views.size()) return false;
  }
  return index.at("skipped").is_number_unsigned() && index.at("misplaced").is_number_unsigned();
}

bool CropCache::are_complete(const nlohmann::json& index) const {
  for (size_t n = 0; n < recipe_.networks.size(); ++n) {
    for (const CropPoint point : kCropPoints) {
      for (const View& view : recipe_.networks[n].views) {
        if (!fs::is_regular_file(crops_path(n, view, point))) return false;
      }
      const auto records = index.at("records").at(n).at(static_cast<size_t>(point)).get<size_t>();
      for (const CropFile& file : crop_files(index, n, point)) {
        if (!file.holds(records)) return false;
      }
    }
  }
  return true;
}

/// Cuts the first study that gave crops again: a version of the program that reads, finds or cuts otherwise is known by
/// it.
bool CropCache::is_cut_alike(const CropExtractor& extract, const Truth& studies, const nlohmann::json& index) const {
  if (!are_complete(index)) return false;
  std::vector<NetworkData> stored;
  auto first_study = static_cast<int>(studies.size());
  for (size_t n = 0; n < recipe_.networks.size(); ++n) {
    stored.push_back(network_data(index, n));
    const auto first = std::find_if(stored[n].samples.begin(), stored[n].samples.end(),
                                    [](const GraderSample& sample) { return sample.has_crop(); });
    if (first != stored[n].samples.end()) first_study = std::min(first_study, first->study);
  }
  if (first_study == static_cast<int>(studies.size())) return true;  // no crop at all
  const CutStudy cut = extract(studies[static_cast<size_t>(first_study)], first_study);
  for (size_t n = 0; n < stored.size(); ++n) {
    if (!are_same(cut.networks[n], first_study, stored[n], recipe_.augmentation)) return false;
  }
  return true;
}

void warn_about_problems(const nlohmann::json& index, const fs::path& cache) {
  const auto warn = [&](const char* key, const char* file, const char* what) {
    const auto count = index.at(key).get<size_t>();
    if (count > 0) log_warning(text(count, what, (cache / file).string(), " lists them"));
  };
  warn("skipped", kSkippedFile, " findings or studies have no crop where `grade` would look, and count by the prior; ");
  warn("misplaced", kMisplacedFile, " coordinates cannot be used, predicted points stand in; ");
}

}  // namespace lumbargrade
