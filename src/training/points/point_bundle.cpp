#include "training/points/point_bundle.h"

#include <algorithm>

#include "bundle/bundle.h"
#include "bundle/bundle_card.h"
#include "bundle/find_bundle.h"
#include "bundle/kept_networks.h"
#include "bundle/model_card.h"
#include "bundle/write_bundle.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "points/point_view.h"

namespace lumbargrade {
namespace {

constexpr double kPointGoldenTolerance = 1e-4;
/// A point that is rather wrong than right is not used.
constexpr double kLeastConfidence = 0.5;
constexpr double kHundred = 100;

TrainedNetwork point_network(const PointTraining& training, const TrainedPoints& points, size_t member) {
  TrainedNetwork trained;
  trained.spec = point_interface(usual_point_view(points.anchor));
  trained.spec.name = text(kPointsRole, "_", anchor_name(points.anchor), "_", member);
  trained.spec.parameters = point_parameters(training);
  trained.spec.golden.tolerance = kPointGoldenTolerance;
  trained.state = points.members[member];
  trained.golden_inputs = points.example;
  return trained;
}

void add_point_metrics(const PointTraining& training, const std::vector<HeldOutPoint>& held_out, Manifest& manifest) {
  const std::string set =
      text("coordinates of held-out studies of ", training.data.data.filename().string(), ", by study");
  for (const Anchor anchor : kPointAnchors) {
    const PointFigures figures = found_figures(held_out, anchor);
    if (figures.count == 0) continue;
    const auto add = [&](const char* name, double value, const char* unit) {
      manifest.metrics.push_back({text(kPointsRole, ".", anchor_name(anchor)), name, value, unit, set, figures.count});
    };
    add("slice exact", kHundred * figures.exact, "%");
    add("slice within one", kHundred * figures.within_one, "%");
    add("median distance in the plane", figures.median_mm, "mm");
  }
}

void describe_points(const PointTraining& training, const PointData& data, Manifest& manifest) {
  const auto is_of_points = [](const std::string& what) {
    return what == kPointsRole || what.starts_with(text(kPointsRole, "."));
  };
  std::erase_if(manifest.metrics, [&](const MetricSpec& metric) { return is_of_points(metric.what); });
  std::erase_if(manifest.training_data, [&](const TrainingDataSpec& entry) { return is_of_points(entry.used_for); });
  manifest.grading.points =
      PointsSpec{text("coordinates of ", training.data.data.filename().string()), kLeastConfidence};
  if (training.card.empty()) {
    const std::string suffix = "+points";
    if (!manifest.version.ends_with(suffix)) manifest.version += suffix;
    manifest.training_data.push_back({kPointsRole, training.data.data.string(), "not stated",
                                      static_cast<std::int64_t>(data.study_ids.size()), "studies",
                                      training.folds == 0 ? "none held out" : text(training.folds, " folds by study")});
    return;
  }
  describe_from_card(manifest, training.card);
  for (const TrainingDataSpec& entry : manifest.training_data) {
    if (entry.used_for == kPointsRole) manifest.grading.points->source = entry.source;
  }
}

}  // namespace

nlohmann::json point_parameters(const PointTraining& training) {
  return {{"widths", training.widths}};
}

std::vector<TensorMap> initial_point_weights(const PointTraining& training) {
  std::vector<TensorMap> weights(kPointAnchors.size());
  if (training.init.empty()) return weights;
  const Manifest manifest = read_manifest(training.init);
  for (const NetworkSpec& spec : manifest.networks) {
    if (spec.role != kPointsRole) continue;
    const View view = point_view(spec);
    if (spec.parameters != point_parameters(training) || view != usual_point_view(view.anchor)) {
      throw Error(ErrorKind::Usage, text("the network \"", spec.name, "\" of ", training.init.string(),
                                         " is of another shape than those that are trained: leave out --init"));
    }
    TensorMap& own = weights[index_of(view.anchor)];
    if (own.empty()) own = read_safetensors(training.init / spec.weights.file);
  }
  for (const Anchor anchor : kPointAnchors) {
    if (!weights[index_of(anchor)].empty()) continue;
    throw Error(ErrorKind::BundleInvalid,
                text(training.init.string(), " has no network that finds the ", anchor_name(anchor), " (--init)"));
  }
  return weights;
}

void write_point_bundle(const PointTraining& training, const PointData& data, const std::vector<TrainedPoints>& points,
                        const std::vector<HeldOutPoint>& held_out) {
  const std::string& chosen = training.data.bundle;
  const Bundle base = load_bundle(find_base_bundle(chosen));
  Manifest manifest = base.manifest;
  describe_points(training, data, manifest);
  add_point_metrics(training, held_out, manifest);
  std::vector<TrainedNetwork> networks = kept_networks(base, {kPointsRole});
  for (const TrainedPoints& of_anchor : points) {
    for (size_t member = 0; member < of_anchor.members.size(); ++member) {
      networks.push_back(point_network(training, of_anchor, member));
    }
  }
  write_bundle(training.out, manifest, networks);
  write_file_atomically(training.out / "MODEL_CARD.md",
                        model_card(manifest, training.out, plain_card_template(), "the card"));
}

}  // namespace lumbargrade
