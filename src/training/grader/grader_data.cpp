#include "training/grader/grader_data.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/sha256.h"
#include "pipeline/load_grader.h"
#include "training/grader/crop_extractor.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/training_set.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexFile = "index.json";
constexpr const char* kSkippedFile = "skipped.csv";
constexpr const char* kMisplacedFile = "misplaced.csv";
constexpr int kStudiesPerThread = 4;
/// Margins hold shifts of this many standard deviations.
constexpr double kJitterReach = 2.5;

fs::path crop_path(const fs::path& cache, const NetworkRecipe& network, size_t index, const View& view) {
  return cache / text(index, "-", grading_role(network.condition), "-", view.name, ".u8");
}

/// Appends to the crop files; a full disk is an error.
class CropWriter {
 public:
  CropWriter(const GraderRecipe& recipe, const fs::path& cache) : cache_(cache) {
    files_.resize(recipe.networks.size());
    for (size_t n = 0; n < recipe.networks.size(); ++n) {
      for (const View& view : recipe.networks[n].views) {
        files_[n].emplace_back(crop_path(cache, recipe.networks[n], n, view), std::ios::binary | std::ios::trunc);
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
    throw Error(ErrorKind::Failure, text("cannot write the crops to ", cache_.string(),
                                         ": is the disk full? --cache names another folder"));
  }

  fs::path cache_;
  std::vector<std::vector<std::ofstream>> files_;
};

/// Networks as a manifest writes them: nothing that it says of an input is left out.
nlohmann::json networks_json(std::vector<NetworkSpec> networks) {
  Manifest manifest;
  manifest.networks = std::move(networks);
  return nlohmann::json::parse(manifest_text(manifest)).at("networks");
}

/// What finds levels, canal and points, and so decides where crops lie: weights, inputs, outputs.
nlohmann::json finders_of(const fs::path& bundle) {
  std::vector<NetworkSpec> finders = read_manifest(bundle).networks;
  std::erase_if(finders, [](const NetworkSpec& network) {
    return network.role != "locator" && network.role != "canal_outline" && network.role != kPointsRole;
  });
  return networks_json(std::move(finders));
}

/// What the crops of the recipe's networks are.
nlohmann::json views_of(const GraderRecipe& recipe) {
  std::vector<NetworkSpec> networks;
  for (const NetworkRecipe& network : recipe.networks) {
    NetworkSpec spec;
    spec.role = std::string(grading_role(network.condition));
    for (const View& view : network.views) spec.inputs.push_back(input_of(view));
    networks.push_back(std::move(spec));
  }
  return networks_json(std::move(networks));
}

/// Numbers that decide what measures say.
nlohmann::json measures_of(const fs::path& bundle) {
  nlohmann::json measures = nlohmann::json::parse(manifest_text(read_manifest(bundle))).at("grading");
  for (const char* other : {"prior", "heads"}) measures.erase(other);
  return measures;
}

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

/// Everything outside the program that decides what the crops look like, but for their margins, whose they are and what
/// was measured. What the program itself decides is compared in its result, see is_cut_alike.
nlohmann::json fingerprint(const GraderRecipe& recipe, const GraderDataOptions& options, const TrainingFolder& folder,
                           const Truth& studies, const fs::path& bundle) {
  nlohmann::json json = {{"data", fs::weakly_canonical(folder.root()).string()},
                         {"points", options.points == TrainingPoints::Given ? "given" : "predicted"},
                         {"finders", finders_of(bundle)},
                         {"measures", measures_of(bundle)},
                         {"networks", views_of(recipe)}};
  for (const fs::path& table : {folder.labels(), folder.series(), folder.coordinates()}) {
    json[table.filename().string()] = fs::exists(table) ? sha256_of_file(table) : "";
  }
  for (const StudyLabels& study : studies) json["studies"].push_back(study.study_id);
  return json;
}

nlohmann::json samples_json(const std::vector<GraderSample>& samples) {
  nlohmann::json json = nlohmann::json::array();
  for (const GraderSample& sample : samples) {
    nlohmann::json measured;
    if (sample.measured) measured = {sample.measured->probabilities, sample.measured->weight};
    json.push_back({sample.study, sample.finding, sample.severity ? static_cast<int>(*sample.severity) : -1, measured});
  }
  return json;
}

std::vector<GraderSample> samples_from(const nlohmann::json& json) {
  std::vector<GraderSample> samples;
  for (const auto& entry : json) {
    const int severity = entry.at(2).get<int>();
    GraderSample sample{entry.at(0).get<int>(), entry.at(1).get<size_t>(),
                        severity < 0 ? std::nullopt : std::optional(static_cast<Severity>(severity)), std::nullopt};
    const auto& measured = entry.at(3);
    if (!measured.is_null()) sample.measured = {measured.at(0).get<Probabilities>(), measured.at(1).get<double>()};
    samples.push_back(sample);
  }
  return samples;
}

void write_problems(const fs::path& path, const std::vector<DataProblem>& problems) {
  std::string content = csv_line({"study_id", "finding", "reason"});
  for (const DataProblem& row : problems) content += csv_line({row.study_id, row.finding, row.reason});
  write_file_atomically(path, content);
}

/// Reads and cuts all studies; returns what stands in the index besides the fingerprint.
nlohmann::json extract_crops(const GraderRecipe& recipe, const fs::path& cache, int threads,
                             const CropExtractor& cutter, const TrainingSet& set) {
  const Truth& studies = set.studies;
  CropWriter writer(recipe, cache);
  std::vector<std::vector<GraderSample>> samples(recipe.networks.size());
  std::vector<DataProblem> skipped = set.problems, misplaced;
  Progress progress("cutting crops", static_cast<int>(studies.size()));
  const auto chunk = static_cast<size_t>(kStudiesPerThread * threads);
  for (size_t first = 0; first < studies.size(); first += chunk) {
    std::vector<CutStudy> cut(std::min(chunk, studies.size() - first));
    for_each_index(cut.size(), threads, [&](size_t k) { cut[k] = cutter(studies[k], static_cast<int>(k)); });
    for (const CutStudy& study : cut) {
      skipped.insert(skipped.end(), study.skipped.begin(), study.skipped.end());
      misplaced.insert(misplaced.end(), study.misplaced.begin(), study.misplaced.end());
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
  write_problems(cache / kSkippedFile, skipped);
  write_problems(cache / kMisplacedFile, misplaced);
  nlohmann::json result = {{"skipped", skipped.size()}, {"misplaced", misplaced.size()}};
  for (const auto& of_network : samples) result["samples"].push_back(samples_json(of_network));
  return result;
}

std::optional<nlohmann::json> cached_index(const GraderRecipe& recipe, const fs::path& cache,
                                           const nlohmann::json& wanted) {
  std::ifstream file(cache / kIndexFile);
  if (!file) return std::nullopt;
  const auto index = nlohmann::json::parse(file, nullptr, false);
  if (index.is_discarded() || index.value("fingerprint", nlohmann::json()) != wanted) return std::nullopt;
  if (!has_room(index.at("margins"), margins_json(recipe))) return std::nullopt;
  return index;
}

NetworkData network_data(const GraderRecipe& recipe, const fs::path& cache, const nlohmann::json& index, size_t n) {
  NetworkData network{samples_from(index.at("samples").at(n)), {}};
  const auto& views = recipe.networks[n].views;
  for (size_t v = 0; v < views.size(); ++v) {
    network.views.emplace_back(crop_path(cache, recipe.networks[n], n, views[v]), views[v],
                               margin_from(index.at("margins").at(n).at(v)));
  }
  return network;
}

/// Whether a record that was cut with `margin` is the inner part of a stored one with as much room or more.
bool is_inner_part(const std::string& record, const CropMargin& margin, const CropFile& stored, size_t sample) {
  const int slices = stored.view().slices + 2 * margin.slices, size = stored.view().size_px + 2 * margin.pixels;
  const int first_slice = stored.margin().slices - margin.slices, first = stored.margin().pixels - margin.pixels;
  const auto* own = reinterpret_cast<const std::uint8_t*>(record.data());
  for (int slice = 0; slice < slices; ++slice) {
    for (int row = 0; row < size; ++row, own += size) {
      const std::uint8_t* other =
          stored.slice(sample, first_slice + slice) + static_cast<size_t>(first + row) * stored.size_px() + first;
      if (!std::equal(own, own + size, other)) return false;
    }
  }
  for (int slice = 0; slice < slices; ++slice) {
    if ((own[slice] != 0) != stored.is_valid(sample, first_slice + slice)) return false;
  }
  return true;
}

/// Whether the findings of a study, cut now, are those that begin the stored ones.
bool is_as_stored(const std::vector<CutFinding>& cut, const GraderRecipe& recipe, const NetworkRecipe& network,
                  const NetworkData& stored, int study) {
  std::vector<GraderSample> own, others;
  for (const CutFinding& finding : cut) own.push_back(finding.sample);
  std::copy_if(stored.samples.begin(), stored.samples.end(), std::back_inserter(others),
               [study](const GraderSample& sample) { return sample.study == study; });
  if (samples_json(own) != samples_json(others)) return false;
  for (size_t k = 0; k < cut.size(); ++k) {
    for (size_t v = 0; v < network.views.size(); ++v) {
      const CropMargin margin = margin_of(network.views[v], recipe.augmentation);
      if (!is_inner_part(cut[k].records[v], margin, stored.views[v], k)) return false;
    }
  }
  return true;
}

bool are_complete(const GraderRecipe& recipe, const fs::path& cache, const nlohmann::json& index) {
  for (size_t n = 0; n < recipe.networks.size(); ++n) {
    for (const View& view : recipe.networks[n].views) {
      if (!fs::is_regular_file(crop_path(cache, recipe.networks[n], n, view))) return false;
    }
    const NetworkData data = network_data(recipe, cache, index, n);
    for (const CropFile& file : data.views) {
      if (!file.holds(data.samples.size())) return false;
    }
  }
  return true;
}

/// Cuts the first study that gave crops again: a version of the program that reads, finds, measures or cuts otherwise
/// is known by it.
bool is_cut_alike(const GraderRecipe& recipe, const fs::path& cache, const CropExtractor& cutter, const Truth& studies,
                  const nlohmann::json& index) {
  if (!are_complete(recipe, cache, index)) return false;
  std::vector<NetworkData> stored;
  auto first_study = static_cast<int>(studies.size());
  for (size_t n = 0; n < recipe.networks.size(); ++n) {
    stored.push_back(network_data(recipe, cache, index, n));
    if (!stored[n].samples.empty()) first_study = std::min(first_study, stored[n].samples.front().study);
  }
  if (first_study == static_cast<int>(studies.size())) return true;  // no crop at all
  const CutStudy cut = cutter(studies[static_cast<size_t>(first_study)], first_study);
  for (size_t n = 0; n < stored.size(); ++n) {
    if (!is_as_stored(cut.networks[n], recipe, recipe.networks[n], stored[n], first_study)) return false;
  }
  return true;
}

nlohmann::json cached_or_cut(const GraderRecipe& recipe, const GraderDataOptions& options, const fs::path& cache,
                             const TrainingFolder& folder, const TrainingSet& set) {
  fs::create_directories(cache);
  GraderOptions grader_options;
  if (!options.base_bundle.empty()) grader_options.bundle = options.base_bundle;
  grader_options.threads = 1;  // studies are cut side by side
  const LoadedGrader loaded = load_grader(grader_options);
  const nlohmann::json wanted = fingerprint(recipe, options, folder, set.studies, loaded.bundle_folder);
  const bool has_coordinates = options.points == TrainingPoints::Given && fs::exists(folder.coordinates());
  const LabelCoordinates coordinates =
      has_coordinates ? read_label_coordinates(folder.coordinates()) : LabelCoordinates{};
  const CropExtractor cutter(recipe, options, folder, loaded.grader, coordinates);
  if (auto index = cached_index(recipe, cache, wanted)) {
    if (is_cut_alike(recipe, cache, cutter, set.studies, *index)) {
      log_info(text("crops of ", cache.string(), " are used again"));
      return *index;
    }
    log_info(text("crops of ", cache.string(), " are not what would be cut now: they are cut again"));
  }
  fs::remove(cache / kIndexFile);
  nlohmann::json index = extract_crops(recipe, cache, options.threads, cutter, set);
  index["fingerprint"] = wanted;
  index["margins"] = margins_json(recipe);
  write_file_atomically(cache / kIndexFile, index.dump() + "\n");
  return index;
}

void warn_about_problems(const nlohmann::json& index, const fs::path& cache) {
  const auto tell = [&](const char* key, const char* file, const char* what) {
    const auto count = index.at(key).get<size_t>();
    if (count > 0) log_warning(text(count, what, (cache / file).string(), " lists them"));
  };
  tell("skipped", kSkippedFile, " findings or studies are left out; ");
  tell("misplaced", kMisplacedFile, " coordinates cannot be used, the locator's points stand in; ");
}

GraderData load(const GraderRecipe& recipe, const GraderDataOptions& options, const fs::path& cache,
                const TrainingFolder& folder, const TrainingSet& set) {
  const nlohmann::json index = cached_or_cut(recipe, options, cache, folder, set);
  warn_about_problems(index, cache);
  GraderData data;
  data.fingerprint = sha256_of_bytes(index.dump());
  for (const StudyLabels& study : set.studies) data.study_ids.push_back(study.study_id);
  for (size_t n = 0; n < recipe.networks.size(); ++n) {
    data.networks.push_back(network_data(recipe, cache, index, n));
  }
  return data;
}

}  // namespace

CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation) {
  return {augmentation.jitter_slices,
          static_cast<int>(std::ceil(kJitterReach * augmentation.jitter_mm / view.pixel_mm))};
}

GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options) {
  const TrainingFolder folder(options.data);
  return load(recipe, options, options.cache, folder, labelled_studies(folder));
}

GraderData load_unlabelled_data(const GraderRecipe& recipe, const GraderDataOptions& options) {
  const TrainingFolder folder(options.unlabelled);
  GraderDataOptions predicted = options;
  predicted.points = TrainingPoints::Predicted;
  return load(recipe, predicted, options.cache / "unlabelled", folder, unlabelled_studies(folder));
}

}  // namespace lumbargrade
