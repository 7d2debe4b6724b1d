#include "training/calibration/foramen_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/statistics.h"
#include "volume/grid.h"

namespace lumbargrade {
namespace {

constexpr double kForamenRidge = 10;
constexpr int kMostForamenSteps = 20;
constexpr double kSpreadOfTruthMm = 2;
constexpr double kFarthestPlaceMm = 6;
constexpr double kLeastGain = 0.01;  // of the log-likelihood: less ends the search
constexpr double kShortestStep = 1e-3;

double away_mm(const ForamenPlace& place, const Vector3& point) {
  return (place.point_patient - point).norm();
}

/// The slice nearest to a point: that of the nearest place, since all slices have the same places.
int slice_of(const Vector3& point, const std::vector<ForamenPlace>& places) {
  return std::min_element(places.begin(), places.end(),
                          [&](const auto& a, const auto& b) { return away_mm(a, point) < away_mm(b, point); })
      ->slice;
}

/// Whether the point lies among the places; others teach nothing.
bool is_looked_at(const KnownForamen& foramen) {
  return std::any_of(foramen.places.begin(), foramen.places.end(),
                     [&](const auto& place) { return away_mm(place, foramen.point_patient) < kFarthestPlaceMm; });
}

/// One foramen for the fit: a row for each place.
struct LookedAt {
  Eigen::MatrixXf looks;
  Eigen::VectorXd log_prior;
  Eigen::VectorXd right;  ///< share of each place; sums to 1
};

LookedAt looked_at_places(const KnownForamen& foramen) {
  const auto places = static_cast<Eigen::Index>(foramen.places.size());
  LookedAt sample{Eigen::MatrixXf(places, ForamenFinder::kWeights), Eigen::VectorXd(places), Eigen::VectorXd(places)};
  const int slice = slice_of(foramen.point_patient, foramen.places);
  for (Eigen::Index k = 0; k < places; ++k) {
    const ForamenPlace& place = foramen.places[static_cast<size_t>(k)];
    sample.looks.row(k) = Eigen::Map<const Eigen::RowVectorXf>(place.look.data(), ForamenFinder::kWeights);
    sample.log_prior[k] = place.log_prior;
    const double away = away_mm(place, foramen.point_patient) / kSpreadOfTruthMm;
    sample.right[k] = place.slice == slice ? std::exp(-away * away / 2) : 0;
  }
  sample.right /= sample.right.sum();
  return sample;
}

/// Logarithms of the places' probabilities.
Eigen::VectorXd log_probabilities(const LookedAt& sample, const Eigen::VectorXd& weights) {
  const Eigen::VectorXd scores = (sample.looks * weights.cast<float>()).cast<double>() + sample.log_prior;
  const double greatest = scores.maxCoeff();
  return scores.array() - greatest - std::log((scores.array() - greatest).exp().sum());
}

double log_likelihood(const std::vector<LookedAt>& samples, const Eigen::VectorXd& weights) {
  double sum = -kForamenRidge / 2 * weights.squaredNorm();
  for (const LookedAt& sample : samples) sum += sample.right.dot(log_probabilities(sample, weights));
  return sum;
}

Eigen::VectorXd foramen_step(const std::vector<LookedAt>& samples, const Eigen::VectorXd& weights) {
  Eigen::VectorXd gradient = -kForamenRidge * weights;
  Eigen::MatrixXf curvature = Eigen::MatrixXf::Zero(weights.size(), weights.size());
  for (const LookedAt& sample : samples) {
    const Eigen::VectorXf p = log_probabilities(sample, weights).array().exp().matrix().cast<float>();
    const Eigen::VectorXf mean = sample.looks.transpose() * p;
    gradient += (sample.looks.transpose() * sample.right.cast<float>() - mean).cast<double>();
    const Eigen::MatrixXf weighted = p.cwiseSqrt().asDiagonal() * sample.looks;
    curvature.selfadjointView<Eigen::Lower>().rankUpdate(weighted.transpose());
    curvature.selfadjointView<Eigen::Lower>().rankUpdate(mean, -1.0F);
  }
  Eigen::MatrixXd full = Eigen::MatrixXf(curvature.selfadjointView<Eigen::Lower>()).cast<double>();
  full.diagonal().array() += kForamenRidge;
  return full.ldlt().solve(gradient);
}

}  // namespace

ForamenFinder fit_foramen_finder(const std::vector<KnownForamen>& foramina) {
  if (foramina.empty()) throw Error(ErrorKind::Failure, "no foramina to learn from");
  std::vector<LookedAt> samples;
  for (const KnownForamen& foramen : foramina) {
    if (is_looked_at(foramen)) samples.push_back(looked_at_places(foramen));
  }
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(ForamenFinder::kWeights);
  double reached = log_likelihood(samples, weights);
  for (int step = 0; step < kMostForamenSteps; ++step) {
    const Eigen::VectorXd change = foramen_step(samples, weights);
    double share = 1, likelihood = log_likelihood(samples, weights + change);
    while (likelihood <= reached && share > kShortestStep) {
      share /= 2;
      likelihood = log_likelihood(samples, weights + share * change);
    }
    if (likelihood - reached < kLeastGain) break;
    weights += share * change;
    reached = likelihood;
  }
  ForamenFinder finder;
  for (size_t k = 0; k < finder.weights.size(); ++k) {
    finder.weights[k] = std::round(1e4 * weights[static_cast<Eigen::Index>(k)]) / 1e4;
  }
  return finder;
}

ForamenFinderFigures foramen_finder_figures(const std::vector<KnownForamen>& foramina, int folds) {
  std::map<std::string, int> fold_of;
  for (const KnownForamen& foramen : foramina) fold_of.emplace(foramen.study_id, 0);
  int next = 0;
  for (auto& [study, fold] : fold_of) fold = next++ % folds;
  ForamenFinderFigures figures;
  std::vector<double> in_plane_mm;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<KnownForamen> learned, unseen;
    for (const KnownForamen& foramen : foramina)
      (fold_of.at(foramen.study_id) == fold ? unseen : learned).push_back(foramen);
    if (learned.empty()) continue;
    const ForamenFinder finder = fit_foramen_finder(learned);
    for (const KnownForamen& foramen : unseen) {
      const auto found = find_foramen(foramen.places, finder);
      const int apart = std::abs(slice_of(*found, foramen.places) - slice_of(foramen.point_patient, foramen.places));
      ++figures.foramina;
      figures.exact += apart == 0;
      figures.within_one += apart <= 1;
      in_plane_mm.push_back(distance_in_plane(*found, foramen.point_patient, foramen.across_slices));
    }
  }
  if (!in_plane_mm.empty()) figures.median_in_plane_mm = median_of(in_plane_mm);
  return figures;
}

std::vector<MetricSpec> foramen_finder_metrics(const ForamenFinderFigures& figures, const std::string& set) {
  std::vector<MetricSpec> metrics;
  if (figures.foramina == 0) return metrics;
  const auto add = [&](const std::string& name, double value, const std::string& unit) {
    metrics.push_back({"grading.foramen_finder", name, std::round(10 * value) / 10, unit, set, figures.foramina});
  };
  add("slice is the point's own", 100.0 * figures.exact / figures.foramina, "%");
  add("slice is the point's own or one beside it", 100.0 * figures.within_one / figures.foramina, "%");
  add("median error in the plane", figures.median_in_plane_mm, "mm");
  return metrics;
}

}  // namespace lumbargrade
