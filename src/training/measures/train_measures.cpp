#include "training/measures/train_measures.h"

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "levels/naming_spec.h"
#include "pipeline/load_grader.h"
#include "training/measures/activation_ranges.h"
#include "training/measures/foramen_shares.h"
#include "training/measures/measure_models.h"
#include "training/segmentation/measure_fits.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTables = "crossvalidation";
constexpr int kNamingFolds = 5;
constexpr int kForamenFolds = 3;

/// The figures of the fold runs together; `thick`: of the averaged slices.
struct HeldOut {
  CanalFigures thin;
  CanalFigures thick;
};

template <typename Row>
void append(const std::vector<Row>& more, std::vector<Row>& rows) {
  rows.insert(rows.end(), more.begin(), more.end());
}

/// Reads a table of a fold run and keeps a copy of it with the bundle.
template <typename Row>
void take_table(const fs::path& from, const fs::path& copy, std::vector<Row> (*read)(const fs::path&),
                std::vector<Row>& rows) {
  append(read(from), rows);
  fs::copy_file(from, copy, fs::copy_options::overwrite_existing);
}

HeldOut read_held_out(const std::vector<fs::path>& folds, const fs::path& tables) {
  HeldOut held_out;
  for (size_t k = 0; k < folds.size(); ++k) {
    const fs::path from = folds[k] / "training";
    const std::string end = text("_", k, ".csv");
    take_table(from / "held_out.csv", tables / ("canal_held_out" + end), read_figures, held_out.thin.levels);
    take_table(from / "held_out_recess.csv", tables / ("canal_recess" + end), read_recess_figures,
               held_out.thin.recesses);
    take_table(from / "held_out_thick.csv", tables / ("canal_held_out_thick" + end), read_figures,
               held_out.thick.levels);
    take_table(from / "held_out_recess_thick.csv", tables / ("canal_recess_thick" + end), read_recess_figures,
               held_out.thick.recesses);
  }
  return held_out;
}

/// Figures in the place of those of the same subject.
void replace_metrics(Manifest& manifest, const std::vector<std::vector<MetricSpec>>& fresh) {
  for (const auto& metrics : fresh) {
    for (const MetricSpec& metric : metrics) {
      std::erase_if(manifest.metrics, [&](const MetricSpec& old) { return old.what == metric.what; });
    }
  }
  for (const auto& metrics : fresh) append(metrics, manifest.metrics);
}

/// What z-scores of diameter, ratio and depth are against.
void add_references(const CanalFigures& unseen, GradingSpec& grading) {
  std::array<std::vector<double>, kLevelCount> diameters, ratios, depths;
  for (const LevelFigure& row : unseen.levels) {
    const auto level = index_of(row.level);
    if (row.diameter_mm) diameters[level].push_back(*row.diameter_mm);
    if (row.ratio) ratios[level].push_back(*row.ratio);
  }
  for (const RecessFigure& row : unseen.recesses) {
    depths[index_of(row.level)].push_back(row.depth_mm);
  }
  const auto set = [&](Measure measure, const std::array<std::vector<double>, kLevelCount>& values) {
    grading.reference_samples[index_of(measure)] = reference_sample(values, kUnseenSet);
  };
  set(Measure::CanalAp, diameters);
  set(Measure::CanalRatio, ratios);
  set(Measure::RecessDepth, depths);
}

void fit_canal_and_recess(const MeasureTraining& training, const fs::path& tables, Manifest& manifest) {
  const HeldOut held_out = read_held_out(training.held_out, tables);
  manifest.grading.measure(Measure::CanalAp) = fit_canal_measure(held_out.thin.levels, training.fewest);
  manifest.grading.measure(Measure::RecessDepth) = fit_recess_measure(held_out.thin.recesses, training.fewest);
  add_references(held_out.thin, manifest.grading);
  replace_metrics(
      manifest,
      {canal_metrics(held_out.thin.levels, kUnseenSet), canal_metrics(held_out.thick.levels, kUnseenThickSet),
       recess_metrics(held_out.thin.recesses, kUnseenSet), recess_metrics(held_out.thick.recesses, kUnseenThickSet)});
  log_info(describe(summarise(held_out.thin.levels)));
}

/// The finder of foramina first: shares are measured where it finds them.
void fit_foramina(const MeasureTraining& training, const fs::path& tables, Manifest& manifest) {
  GraderOptions options;
  options.precision = "float32";  // the same on every processor
  options.bundle = training.bundle.string();
  LoadedGrader loaded = load_grader(options);
  KnownSpines spines;
  const auto known = read_known_foramina(training.foramina, loaded.grader, spines);
  const bool is_phantom = fs::exists(training.foramina / "truth.json");
  const std::string studies = is_phantom ? "synthetic studies" : "studies of " + training.foramina.filename().string();
  loaded.grader.model.foramen_finder = fit_foramen_finder(known);
  loaded.grader.model.foramen_finder->source = text("looks of ", known.size(), " foramina of ", studies);
  manifest.grading.foramen_finder = loaded.grader.model.foramen_finder;
  const GradedMeasures measures = measure_graded_studies(training.foramina, loaded.grader, spines);
  const auto& shares = measures.foramina;
  if (shares.empty()) {
    throw Error(ErrorKind::Failure, text("no foramen of ", training.foramina.string(), " could be measured"));
  }
  write_foramen_shares(tables / "foramen_shares.csv", shares);
  manifest.grading.measure(Measure::ForamenFatShare) = fit_foramen_measure(shares, studies, training.fewest);
  replace_metrics(manifest, {foramen_finder_metrics(foramen_finder_figures(known, kForamenFolds),
                                                    text(kForamenFolds, " folds by study on ", studies)),
                             foramen_metrics(shares, studies), recess_area_metrics(measures.recesses, studies)});
  if (!measures.recesses.empty()) {
    write_recess_areas(tables / "recess_areas.csv", measures.recesses);
    manifest.grading.measure(Measure::RecessArea) =
        fit_recess_area_measure(measures.recesses, studies, training.fewest);
  }
  log_info(text(shares.size(), " foramina and ", measures.recesses.size(), " recesses measured"));
}

/// Names by a model learned from images whose discs were named by hand, and the fluid ratio's model from their canals.
void fit_named(const MeasureTraining& training, const fs::path& tables, Manifest& manifest) {
  const NamedReadings readings = read_named_images(training.named, training.mislabelled, training.bundle);
  const NamingFigures figures = naming_figures(readings.chains, kNamingFolds);
  const std::string set = text(kNamingFolds, " folds by patient on ", figures.images, " images named by hand");
  manifest.naming = naming_spec(fit_naming(readings.chains),
                                text("conditional logit over the discs of a chain, learned from ", figures.images,
                                     " mid-sagittal T2 slices named by hand, and as many cut above L5/S1"));
  write_named_canals(tables / "named_canals.csv", readings.canals);
  manifest.grading.measure(Measure::CanalFluidRatio) = fit_fluid_measure(readings.canals, training.fewest);
  manifest.grading.reference_samples[static_cast<size_t>(Measure::CanalFluidRatio)] = fluid_reference(readings.canals);
  replace_metrics(manifest, {naming_metrics(figures, set)});
  for (const std::string& miss : figures.misses) log_info(text("named wrongly: ", miss));
}

/// The files of the bundle's networks, and the tables that came with it.
void copy_networks(const fs::path& bundle, const Manifest& manifest, const fs::path& out) {
  for (const NetworkSpec& network : manifest.networks) {
    for (const std::string& file : {network.weights.file, network.golden.tensors.file}) {
      fs::copy_file(bundle / file, out / file, fs::copy_options::overwrite_existing);
    }
  }
  if (!fs::is_directory(bundle / kTables)) return;
  fs::copy(bundle / kTables, out / kTables, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

}  // namespace

void train_measures(const MeasureTraining& training) {
  if (training.held_out.empty() && training.foramina.empty() && training.named.empty() && training.ranges.empty()) {
    throw Error(ErrorKind::Usage, "nothing to fit; give --held-out, --foramina, --named or --ranges");
  }
  if (fs::exists(training.out) && !fs::is_empty(training.out)) {
    throw Error(ErrorKind::Failure, text(training.out.string(), " is not empty; give another --out"));
  }
  Manifest manifest = load_bundle(training.bundle).manifest;
  const fs::path tables = training.out / kTables;
  fs::create_directories(tables);
  copy_networks(training.bundle, manifest, training.out);
  if (!training.card.empty()) describe_from_card(manifest, training.card);
  if (!training.held_out.empty()) fit_canal_and_recess(training, tables, manifest);
  if (!training.named.empty()) fit_named(training, tables, manifest);
  if (!training.foramina.empty()) fit_foramina(training, tables, manifest);
  if (!training.ranges.empty()) {
    measure_activation_ranges(training.bundle, training.ranges, training.unlabelled, manifest);
  }
  const std::string content = manifest_text(manifest);
  parse_manifest(content, (training.out / kManifestFile).string());
  write_file_atomically(training.out / kManifestFile, content);
  load_bundle(training.out);
  log_info(text("bundle written to ", training.out.string()));
}

}  // namespace lumbargrade
