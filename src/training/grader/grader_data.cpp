#include "training/grader/grader_data.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "bundle/find_bundle.h"
#include "core/error.h"
#include "core/log.h"
#include "core/sha256.h"
#include "pipeline/load_grader.h"
#include "training/grader/crop_cache.h"
#include "training/grader/label_coordinates.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// Of what the index of a cache holds; raised when it holds other things.
constexpr int kCacheFormat = 4;
/// Margins hold shifts of this many standard deviations.
constexpr double kJitterReach = 2.5;
/// SD of a normal deviate, in medians of its absolute values.
constexpr double kSdPerMedian = 1.4826;
constexpr double kSliceQuantile = 0.95;

/// Networks as a manifest writes them: nothing that it says of an input is left out.
nlohmann::json networks_json(std::vector<NetworkSpec> networks) {
  Manifest manifest;
  manifest.networks = std::move(networks);
  return nlohmann::json::parse(manifest_text(manifest)).at("networks");
}

/// What finds levels, canal and points, and so decides where crops lie: weights, inputs, outputs.
nlohmann::json finders_of(const fs::path& bundle) {
  std::vector<NetworkSpec> finders = read_manifest(bundle).networks;
  std::erase_if(finders,
                [](const NetworkSpec& network) { return is_grading_role(network.role) || network.role == kStackRole; });
  return networks_json(std::move(finders));
}

/// What the crops of the recipe's networks are.
nlohmann::json views_of(const GraderRecipe& recipe) {
  std::vector<NetworkSpec> networks;
  for (const NetworkRecipe& network : recipe.networks) {
    NetworkSpec spec;
    spec.role = role_of(network.conditions);
    spec.outputs = outputs_of(network.conditions);
    for (const View& view : network.views) spec.inputs.push_back(input_of(view));
    networks.push_back(std::move(spec));
  }
  return networks_json(std::move(networks));
}

/// Everything outside the program that decides what the crops look like, but for their margins, and whose they are.
/// What the program itself decides is compared in its result, see CropCache::usable.
nlohmann::json fingerprint(const GraderRecipe& recipe, const TrainingFolder& folder, const Truth& studies,
                           const fs::path& bundle) {
  nlohmann::json json = {{"format", kCacheFormat},
                         {"data", fs::weakly_canonical(folder.root()).string()},
                         {"given", recipe.points.needs_given()},
                         {"finders", finders_of(bundle)},
                         {"networks", views_of(recipe)}};
  for (const fs::path& table : {folder.labels(), folder.series(), folder.coordinates()}) {
    json[table.filename().string()] = fs::exists(table) ? sha256_of_file(table) : "";
  }
  for (const StudyLabels& study : studies) json["studies"].push_back(study.study_id);
  return json;
}

double quantile(std::vector<double> values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<size_t>(rank)];
}

void warn_about_misnamed(const NetworkRecipe& network, const std::vector<GraderSample>& samples,
                         const std::vector<std::string>& study_ids) {
  size_t misnamed = 0;
  std::set<int> studies;
  for (const GraderSample& sample : samples) {
    misnamed += sample.is_misnamed;
    if (sample.is_misnamed) studies.insert(sample.study);
  }
  if (misnamed == 0) return;
  std::string list;
  for (const int study : studies) list += (list.empty() ? "" : ", ") + study_ids[static_cast<size_t>(study)];
  log_warning(text(name_of(network.conditions), ": ", misnamed, " of ", samples.size(),
                   " predicted points lie at another level than the given ones: nothing is learned from them, but they"
                   " are measured by, as `grade` would be; studies ",
                   list));
}

GraderData load(const GraderRecipe& recipe, const GraderDataOptions& options, const fs::path& folder_of_crops,
                const TrainingFolder& folder, const TrainingSet& set, const fs::path& points) {
  // Studies are cut side by side.
  const LoadedGrader loaded =
      load_grader({.bundle = options.base_folder(), .precision = "float32", .threads = 1, .lowest_disc = {}});
  const bool has_coordinates = recipe.points.needs_given() && fs::exists(folder.coordinates());
  const LabelCoordinates coordinates =
      has_coordinates ? read_label_coordinates(folder.coordinates()) : LabelCoordinates{};
  const StudySource source(folder, loaded.grader, points);
  const CropExtractor extract(recipe, source, coordinates);
  nlohmann::json decided_by = fingerprint(recipe, folder, set.studies, loaded.bundle_folder);
  decided_by["points"] = points.empty() ? "" : sha256_of_file(points);
  const CropCache cache(recipe, folder_of_crops);
  auto index = cache.usable(decided_by, extract, set.studies);
  if (index) log_info(text("crops of ", folder_of_crops.string(), " are used again"));
  if (!index) index = cache.cut(decided_by, extract, set, options.threads);
  warn_about_problems(*index, folder_of_crops);
  GraderData data;
  data.fingerprint = sha256_of_bytes(index->dump());
  for (const StudyLabels& study : set.studies) data.study_ids.push_back(study.study_id);
  for (size_t n = 0; n < recipe.networks.size(); ++n) {
    data.networks.push_back(cache.network_data(*index, n));
    NetworkData& network = data.networks.back();
    if (points.empty()) network.learned_point_errors.assign(network.learned_point_errors.size(), std::nullopt);
    warn_about_misnamed(recipe.networks[n], network.samples, data.study_ids);
  }
  return data;
}

}  // namespace

fs::path GraderDataOptions::base_folder() const {
  return find_base_bundle(base_bundle);
}

const char* name_of(CropPoint point) {
  return point == CropPoint::Given ? "given" : "predicted";
}

std::optional<PointError> point_error_of(const std::vector<PointOffset>& offsets) {
  if (offsets.empty()) return std::nullopt;
  std::vector<double> in_plane_mm, slices;
  for (const PointOffset& offset : offsets) {
    in_plane_mm.push_back(std::abs(offset.column_mm));
    in_plane_mm.push_back(std::abs(offset.row_mm));
    slices.push_back(std::abs(offset.slices));
  }
  return PointError{kSdPerMedian * quantile(in_plane_mm, 0.5), static_cast<int>(quantile(slices, kSliceQuantile)),
                    static_cast<int>(offsets.size())};
}

CropMargin margin_of(const View& view, const AugmentationRecipe& augmentation) {
  return {augmentation.jitter_slices,
          static_cast<int>(std::ceil(kJitterReach * augmentation.jitter_mm / view.pixel_mm))};
}

GraderData load_grader_data(const GraderRecipe& recipe, const GraderDataOptions& options) {
  const TrainingFolder folder(options.data);
  return load(recipe, options, options.cache, folder, labelled_studies(folder), options.out_of_fold_points);
}

GraderData load_unlabelled_data(const GraderRecipe& recipe, const GraderDataOptions& options) {
  const TrainingFolder folder(options.unlabelled);
  return load(recipe, options, options.cache / "unlabelled", folder, unlabelled_studies(folder), {});
}

std::map<FindingKey, Severity> labels_of(const GraderData& data) {
  std::map<FindingKey, Severity> labels;
  for (const NetworkData& network : data.networks) {
    for (const GraderSample& sample : network.samples) {
      for (const LabelledFinding& labelled : sample.findings) {
        if (labelled.severity) labels[{sample.study, labelled.finding}] = *labelled.severity;
      }
    }
  }
  return labels;
}

}  // namespace lumbargrade
