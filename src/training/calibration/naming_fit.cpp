#include "training/calibration/naming_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr double kRidge = 3;
constexpr double kWeightOfCut = 0.1;
constexpr int kSteps = 30;
constexpr double kLongestStep = 3;
constexpr double kSmallestSpread = 0.05;  // else what few discs have would outweigh the ridge
constexpr auto kDiscs = static_cast<Eigen::Index>(kNamingFeatureCount);
constexpr auto kAll = kDiscs + static_cast<Eigen::Index>(kOutOfViewFeatures.size());

void standardise(const std::vector<NamedChain>& chains, NamingModel& model) {
  double count = 0;
  for (const NamedChain& chain : chains) count += static_cast<double>(chain.features.discs.size());
  if (count == 0) throw Error(ErrorKind::Failure, "no discs to learn naming from");
  for (size_t f = 0; f < kNamingFeatureCount; ++f) {
    double sum = 0, squares = 0;
    for (const NamedChain& chain : chains) {
      for (const DiscFeatures& disc : chain.features.discs) sum += disc[f], squares += disc[f] * disc[f];
    }
    model.mean[f] = sum / count;
    model.scale[f] =
        std::max(kSmallestSpread, std::sqrt(std::max(0.0, squares / count - model.mean[f] * model.mean[f])));
  }
}

/// One row per disc, the last one for "out of view".
Eigen::MatrixXd rows_of(const NamedChain& chain, const NamingModel& model) {
  const auto discs = static_cast<Eigen::Index>(chain.features.discs.size());
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(discs + 1, kAll);
  for (Eigen::Index k = 0; k < discs; ++k) {
    for (Eigen::Index f = 0; f < kDiscs; ++f) {
      const auto at = static_cast<size_t>(f);
      rows(k, f) = (chain.features.discs[static_cast<size_t>(k)][at] - model.mean[at]) / model.scale[at];
    }
  }
  for (Eigen::Index f = kDiscs; f < kAll; ++f) {
    rows(discs, f) = chain.features.out_of_view[static_cast<size_t>(f - kDiscs)];
  }
  return rows;
}

Eigen::VectorXd softmax_of(const Eigen::VectorXd& scores) {
  const Eigen::VectorXd powers = (scores.array() - scores.maxCoeff()).exp();
  return powers / powers.sum();
}

struct Sample {
  Eigen::MatrixXd rows;
  Eigen::Index truth;
  double weight;
};

/// One step of Newton's method on the penalised log-likelihood.
Eigen::VectorXd newton_step(const std::vector<Sample>& samples, const Eigen::VectorXd& weights) {
  Eigen::VectorXd gradient = -kRidge * weights;
  Eigen::MatrixXd curvature = kRidge * Eigen::MatrixXd::Identity(kAll, kAll);
  for (const Sample& sample : samples) {
    const Eigen::VectorXd p = softmax_of(sample.rows * weights);
    const Eigen::VectorXd mean = sample.rows.transpose() * p;
    gradient += sample.weight * (sample.rows.row(sample.truth).transpose() - mean);
    curvature += sample.weight * (sample.rows.transpose() * p.asDiagonal() * sample.rows - mean * mean.transpose());
  }
  return curvature.ldlt().solve(gradient);
}

}  // namespace

NamingModel fit_naming(const std::vector<NamedChain>& chains) {
  NamingModel model;
  standardise(chains, model);
  std::vector<Sample> samples;
  for (const NamedChain& chain : chains) {
    if (chain.features.discs.empty() || chain.mislabelled) continue;
    Eigen::MatrixXd rows = rows_of(chain, model);
    const Eigen::Index truth = chain.l5s1 >= 0 ? chain.l5s1 : rows.rows() - 1;
    samples.push_back({std::move(rows), truth, chain.cut ? kWeightOfCut : 1});
  }
  Eigen::VectorXd weights = Eigen::VectorXd::Zero(kAll);
  for (int step = 0; step < kSteps; ++step) {
    Eigen::VectorXd change = newton_step(samples, weights);
    const double longest = change.cwiseAbs().maxCoeff();
    if (longest > kLongestStep) change *= kLongestStep / longest;
    weights += change;
  }
  std::copy_n(weights.begin(), kDiscs, model.weight.begin());
  std::copy(weights.begin() + kDiscs, weights.end(), model.out_of_view.begin());
  return model;
}

NamingFigures naming_figures(const std::vector<NamedChain>& chains, int folds) {
  std::map<std::string, int> fold_of;
  for (const NamedChain& chain : chains) fold_of.emplace(chain.patient, 0);
  int next = 0;
  for (auto& [patient, fold] : fold_of) fold = next++ % folds;
  NamingFigures figures;
  for (int fold = 0; fold < folds; ++fold) {
    std::vector<NamedChain> learned;
    std::copy_if(chains.begin(), chains.end(), std::back_inserter(learned),
                 [&](const NamedChain& chain) { return fold_of.at(chain.patient) != fold; });
    const NamingModel model = fit_naming(learned);
    for (const NamedChain& chain : chains) {
      if (fold_of.at(chain.patient) != fold || chain.features.discs.empty()) continue;
      const Naming naming = name_discs(chain.features, model);
      const bool is_sure = naming.probability >= kSureNames;
      if (chain.cut) {
        ++figures.cut;
        figures.cut_doubted += !is_sure;
        continue;
      }
      const bool is_right = naming.l5s1 == chain.l5s1;
      ++figures.images;
      figures.right += is_right;
      figures.mislabelled += chain.mislabelled;
      figures.mislabelled_right += chain.mislabelled && is_right;
      figures.sure += is_sure;
      figures.sure_and_right += is_sure && is_right;
      figures.wrong_doubted += !is_right && !is_sure;
      figures.right_doubted += is_right && !is_sure;
      if (!is_right) figures.misses.push_back(text(chain.file, " (", std::round(100 * naming.probability), " %)"));
    }
  }
  return figures;
}

std::vector<MetricSpec> naming_metrics(const NamingFigures& figures, const std::string& set) {
  std::vector<MetricSpec> metrics;
  const auto add = [&](const std::string& name, int part, int of) {
    if (of > 0) metrics.push_back({"naming", name, std::round(1000.0 * part / of) / 10, "%", set, of});
  };
  add("all five names right", figures.right, figures.images);
  if (figures.mislabelled > 0) {
    add("all five names right, without images whose hand label a picture shows wrong",
        figures.right - figures.mislabelled_right, figures.images - figures.mislabelled);
  }
  add("of those said to be at least .9 sure, right", figures.sure_and_right, figures.sure);
  add("wrong names that are flagged", figures.wrong_doubted, figures.images - figures.right);
  add("right names that are flagged", figures.right_doubted, figures.right);
  add("images cut through L5 or above that are flagged", figures.cut_doubted, figures.cut);
  return metrics;
}

}  // namespace lumbargrade
