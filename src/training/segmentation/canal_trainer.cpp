#include "training/segmentation/canal_trainer.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/kept_networks.h"
#include "bundle/write_bundle.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/sha256.h"
#include "levels/canal_outline_network.h"
#include "levels/canal_path.h"
#include "levels/locator_network.h"
#include "levels/network_interface.h"
#include "network/safetensors.h"
#include "network/state.h"
#include "training/segmentation/canal_augmentation.h"
#include "training/segmentation/canal_evaluation.h"
#include "training/segmentation/locator_data.h"
#include "training/segmentation/measure_fits.h"
#include "training/segmentation/random_draws.h"
#include "training/segmentation/segmentation_training.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kOutlineAverageDecay = 0.99;
constexpr double kEdgeWeight = 3;  // a pixel on the outline counts this much more
constexpr int64_t kEdgePixels = 7;
constexpr double kDiceWeight = 0.5;
constexpr int kThickSlices = 5;     // averaged to measure on slices as thick as clinical ones
constexpr double kFarthestMm = 25;  // from a disc's edge to its canal
constexpr double kSearchMm = 7;
constexpr double kHalfDiscMm = 17;  // from a disc's centre to its posterior edge, usually
constexpr const char* kOutlineRole = "canal_outline";
constexpr int kGoldenOutlineRows = 96;
constexpr int kGoldenOutlineColumns = 64;

/// `image` N x 3 x H x W; `canal` N x 1 x H x W, 0..1.
TrainingBatch outline_batch(const std::vector<LabelledStrip>& strips, const CanalTraining& training, int step) {
  std::vector<torch::Tensor> images, canals;
  std::vector<std::string> studies;
  for (int place = 0; place < training.batch; ++place) {
    Random random = crop_generator(training.seed, step, place);
    const LabelledStrip& study = strips[std::uniform_int_distribution<size_t>(0, strips.size() - 1)(random)];
    const OutlineCrop crop = augmented_outline_crop(study, random);
    images.push_back(outline_tensor(crop.input));
    canals.push_back(torch::from_blob(crop.canal.data, {1, crop.canal.rows, crop.canal.cols}, torch::kFloat32).clone());
    studies.push_back(study.study_id);
  }
  return {{{"image", torch::stack(images)}}, {{"canal", torch::stack(canals)}}, std::move(studies)};
}

torch::Tensor outline_loss(const TensorMap& outputs, const TrainingBatch& batch) {
  const torch::Tensor logits = outputs.at("fine").to(torch::kFloat32);
  const torch::Tensor& canal = batch.targets.at("canal");
  const torch::Tensor blurred =
      torch::avg_pool2d(canal, {kEdgePixels, kEdgePixels}, {1, 1}, {kEdgePixels / 2, kEdgePixels / 2});
  const torch::Tensor weights = 1 + kEdgeWeight * 4 * blurred * (1 - blurred);
  const torch::Tensor cross_entropy =
      (torch::binary_cross_entropy_with_logits(logits, canal, {}, {}, at::Reduction::None) * weights).mean();
  const torch::Tensor probability = torch::sigmoid(logits);
  const std::vector<int64_t> over = {1, 2, 3};
  const torch::Tensor dice = (2 * (probability * canal).sum(over) + 1) / (probability.sum(over) + canal.sum(over) + 1);
  return cross_entropy + kDiceWeight * (1 - dice.mean());
}

/// The posterior edges of the five discs, as far as their labelled centres tell.
std::vector<DiscEdge> labelled_edges(const StudyTruth& truth) {
  std::vector<DiscEdge> edges;
  for (const auto& [level, centres] : truth.disc_centres_patient) {
    edges.push_back({level, centres[centres.size() / 2] + kHalfDiscMm * Vector3::UnitY()});
  }
  return edges;
}

/// Narrowest diameter near each disc in one slice's labels; a far one where the canal is not seen.
std::vector<double> labelled_diameters_px(const cv::Mat1f& canal, const std::vector<cv::Point2d>& edges_px) {
  const cv::Mat inside = canal > kOutlineLevel;
  const CanalPath path = trace_canal(inside);
  std::vector<double> diameters;
  for (const cv::Point2d& edge : edges_px) {
    const auto at = nearest_on_path(path, edge, kFarthestMm / kOutlinePixelMm);
    diameters.push_back(at ? narrowest_near(path, *at, kSearchMm / kOutlinePixelMm) : kFarthestMm / kOutlinePixelMm);
  }
  return diameters;
}

LabelledStrip labelled_strip(const LabelledStudy& study, const Volume& mask, int multiple_of) {
  const std::vector<DiscEdge> edges = labelled_edges(study.truth);
  LabelledStrip labelled;
  labelled.study_id = study.study_id;
  labelled.strip = cut_canal_strip(study.volume, edges, multiple_of);
  labelled.canal = cut_slices(mask, labelled.strip.rect_px);
  for (const DiscEdge& edge : edges) labelled.disc_edges_px.push_back(labelled.strip.pixel(edge.edge_patient));
  double most = -1;
  for (size_t k = 0; k < labelled.canal.size(); ++k) {
    const double area = cv::sum(labelled.canal[k])[0];
    if (area > most) most = area, labelled.middle_slice = static_cast<int>(k);
  }
  labelled.diameters_px =
      labelled_diameters_px(labelled.canal[static_cast<size_t>(labelled.middle_slice)], labelled.disc_edges_px);
  return labelled;
}

struct StripSplit {
  std::vector<LabelledStrip> trained;
  std::vector<std::string> held_out;
};

/// Adds the strips of the folder's studies, but for those that `holds_out` names by index, whose ids it gives.
template <typename HoldsOut>
std::vector<std::string> add_strips(const LocatorDataset& dataset, int multiple_of, const HoldsOut& holds_out,
                                    std::vector<LabelledStrip>& strips) {
  std::vector<std::string> held_out;
  const auto& ids = dataset.study_ids();
  Progress progress("reading studies", static_cast<int>(ids.size()));
  for (size_t k = 0; k < ids.size(); ++k) {
    if (holds_out(k)) {
      held_out.push_back(ids[k]);
    } else {
      const LabelledStudy study = dataset.load(ids[k]);
      strips.push_back(labelled_strip(study, dataset.canal_mask(study), multiple_of));
    }
    progress.show(static_cast<int>(k) + 1, ids[k]);
  }
  return held_out;
}

/// What a fold holds out must not be learned from elsewhere.
void refuse_shared_studies(const LocatorDataset& more, const fs::path& folder, const LocatorDataset& data,
                           const fs::path& data_folder) {
  for (const std::string& id : more.study_ids()) {
    if (std::ranges::find(data.study_ids(), id) == data.study_ids().end()) continue;
    throw Error(ErrorKind::Usage,
                text("--also ", folder.string(), " has the study ", id, ", which ", data_folder.string(),
                     " has too: a fold that holds it out would learn from it; take it out of one"));
  }
}

StripSplit load_strips(const CanalTraining& training, const LocatorDataset& dataset, int multiple_of) {
  StripSplit split;
  split.held_out = add_strips(
      dataset, multiple_of, [&](size_t k) { return training.holds_out(k); }, split.trained);
  for (const fs::path& folder : training.also) {
    const LocatorDataset more(folder);
    refuse_shared_studies(more, folder, dataset, training.data);
    add_strips(
        more, multiple_of, [](size_t) { return false; }, split.trained);
  }
  if (split.trained.empty()) {
    throw Error(ErrorKind::Usage, text("no study in ", training.data.string(), " to train on"));
  }
  return split;
}

void append(const CanalFigures& more, CanalFigures& figures) {
  figures.levels.insert(figures.levels.end(), more.levels.begin(), more.levels.end());
  figures.recesses.insert(figures.recesses.end(), more.recesses.begin(), more.recesses.end());
}

/// Writes and tells the figures; `suffix` of the files' names.
void record(const CanalTraining& training, const CanalFigures& figures, const std::string& suffix) {
  write_figures(training.record_folder() / ("held_out" + suffix + ".csv"), figures.levels);
  write_recess_figures(training.record_folder() / ("held_out_recess" + suffix + ".csv"), figures.recesses);
  log_info(describe(summarise(figures.levels)));
  for (const Side side : {Side::Left, Side::Right}) log_info(describe(summarise(figures.recesses, side)));
}

/// On the slices as they are, and averaged to about 4.5 mm.
void measure_outline(const CanalTraining& training, const TensorMap& state, const LocatorDataset& dataset,
                     const std::vector<std::string>& held_out) {
  if (held_out.empty()) return;
  const CanalOutlineNetwork network(UNetRunner(unet_with(training.network, state), torch::Device(training.device)));
  const LocatorNetwork locator = read_locator(training.locator, torch::Device(training.device));
  const CanalOutliner outliner{[&](const std::vector<OutlineInput>& inputs) { return network.predict(inputs); },
                               network.multiple_of()};
  CanalFigures thin;
  CanalFigures thick;
  std::vector<LevelFigure> thick_by_locator;
  for (const std::string& id : held_out) {
    LabelledStudy study = dataset.load(id);
    const Volume mask = dataset.canal_mask(study);
    append(evaluate_canal(study, mask, locator, outliner), thin);
    study.volume = thick_stack(study.volume, kThickSlices);
    append(evaluate_canal(study, thick_stack(mask, kThickSlices), locator, outliner), thick);
    const auto by_locator = evaluate_spine(study, spine_of(study, locator));
    thick_by_locator.insert(thick_by_locator.end(), by_locator.begin(), by_locator.end());
  }
  record(training, thin, "");
  log_info(text("the same of ", kThickSlices,
                " slices averaged; with the locator's diameters: ", describe(summarise(thick_by_locator))));
  record(training, thick, "_thick");
}

torch::Tensor golden_outline_input(const OutlineInput& example) {
  OutlineInput middle;
  for (size_t channel = 0; channel < example.size(); ++channel) {
    middle[channel] = middle_of(example[channel], kGoldenOutlineRows, kGoldenOutlineColumns);
  }
  return outline_tensor(middle).unsqueeze(0);
}

/// The base's bundle, with the outline network in place of its own and the figures of `unseen`, of patients that the
/// measured networks had not seen. Its measure models are the base's: `train measures` fits them anew.
void write_canal_bundle(const CanalTraining& training, const TensorMap& state, const OutlineInput& example,
                        const CanalFigures& unseen) {
  const Bundle base = load_bundle(training.locator);
  Manifest manifest = base.manifest;
  if (!training.card.empty()) describe_from_card(manifest, training.card);
  std::erase_if(manifest.metrics, [](const MetricSpec& metric) {
    return metric.what == "grading.canal_measure" || metric.what == kOutlineRole;
  });
  const auto diameters = canal_metrics(unseen.levels, kUnseenSet);
  const auto recesses = recess_metrics(unseen.recesses, kUnseenSet);
  manifest.metrics.insert(manifest.metrics.end(), diameters.begin(), diameters.end());
  manifest.metrics.insert(manifest.metrics.end(), recesses.begin(), recesses.end());

  std::vector<TrainedNetwork> networks = kept_networks(base, {kOutlineRole});
  networks.push_back({unet_spec(kOutlineRole, training.network, canal_outline_interface(training.network)),
                      state,
                      {{"image", golden_outline_input(example)}}});
  write_bundle(training.out, std::move(manifest), networks);
}

void write_outline_result(const CanalTraining& training, const TensorMap& state,
                          const std::vector<LabelledStrip>& strips) {
  CanalFigures unseen;
  for (const fs::path& fold : training.cross_validation) {
    append({read_figures(fold / "training" / "held_out.csv"),
            read_recess_figures(fold / "training" / "held_out_recess.csv")},
           unseen);
  }
  const LabelledStrip& example = strips.front();
  write_canal_bundle(training, state, example.strip.input(example.middle_slice), unseen);
  log_info(text("bundle written to ", training.out.string(), "; ", describe(summarise(unseen.levels))));
  for (const Side side : {Side::Left, Side::Right}) log_info(describe(summarise(unseen.recesses, side)));
}

TensorMap train_outline(const CanalTraining& training, const std::vector<LabelledStrip>& strips) {
  std::vector<std::string> studies;
  for (const LabelledStrip& strip : strips) studies.push_back(strip.study_id);
  TrainingTask task = unet_task(training, training.iterations, training.rate, kOutlineAverageDecay, studies);
  for (const fs::path& folder : training.also) {
    task.identity["also"][fs::weakly_canonical(folder).string()] = sha256_of_file(folder / "disc_centres.csv");
  }
  task.start = initial_weights(training);
  task.batch = [&](int step) { return outline_batch(strips, training, step); };
  task.loss = outline_loss;
  return train_network(task, training_run(training, "canal outline", "outline", training.seed)).state;
}

}  // namespace

void train_canal(const CanalTraining& training) {
  training.check_fold();
  prepare_training(training);
  const LocatorDataset dataset(training.data);
  const StripSplit split = load_strips(training, dataset, static_cast<int>(training.network.stride()));
  log_info(text("training on ", split.trained.size(), " studies, ", split.held_out.size(), " held out"));
  const TensorMap state = train_outline(training, split.trained);
  measure_outline(training, state, dataset, split.held_out);
  write_safetensors(training.record_folder() / "average.safetensors", state);
  if (!training.cross_validation.empty()) write_outline_result(training, state, split.trained);
}

}  // namespace lumbargrade
