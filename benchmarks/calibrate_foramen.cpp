// The share of fat around foramina of phantom studies, what it tells, and the numbers for `foramen_measure` in a
// manifest:
//   calibrate_foramen PHANTOM [BUNDLE] > foramen_measure.json
// PHANTOM is a data set of `lumbargrade phantom`. Every foramen is measured at its true point, and at the point that
// the bundle's locator gives where it finds the level within 10 mm. Standard error tells how the share follows the
// truth (fat beside the ganglion, mean of four directions) and the grade, and what the locator's points change. The
// cut-points make the mean probabilities over the measures at the locator's points equal the challenge's prevalence by
// level.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/prevalence.h"
#include "core/statistics.h"
#include "grades/foramen.h"
#include "metric/agreement.h"
#include "pipeline/load_grader.h"
#include "program.h"
#include "training/calibration/ordinal_calibration.h"

namespace lumbargrade {
namespace {

using Json = nlohmann::json;

constexpr double kFarthestMm = 10;
/// Agreement of two human readers on the foraminal grade in the challenge (linearly weighted kappa; rsna-2024.md).
constexpr double kReaderKappa = 0.54;
/// Two graded studies are all the evidence on patients (AUC .71 and .84): hardly more than the prior.
constexpr double kModelWeight = 0.3;

struct Row {
  Level level{};
  Severity severity{};
  double true_fat = 0;              ///< beside the ganglion, mean of four directions
  double share = 0;                 ///< measured at the true point
  std::optional<double> predicted;  ///< measured at the locator's point
};

Vector3 vector_of(const Json& json) {
  return {json.at(0).get<double>(), json.at(1).get<double>(), json.at(2).get<double>()};
}

Severity severity_of(const Json& json) {
  for (const Severity severity : {Severity::NormalMild, Severity::Moderate, Severity::Severe}) {
    if (json == severity_key(severity)) return severity;
  }
  throw Error(ErrorKind::Usage, text("unknown grade ", json.dump(), " in truth.json"));
}

Spine located(const PreparedStudy& prepared, const Grader& grader) {
  try {
    return located_spine(prepared, grader.locate);
  } catch (const Error&) {
    return {};
  }
}

void add_level(const Json& truth, const std::vector<const Volume*>& volumes, const Spine& spine,
               std::vector<Row>& rows) {
  const Level level = parse_level(truth.at("level").get<std::string>()).value();
  const auto& frame = spine.levels[static_cast<size_t>(index_of(level))];
  const bool found = frame && (frame->centre_patient - vector_of(truth.at("centre_patient_mm"))).norm() < kFarthestMm;
  for (const Side side : {Side::Left, Side::Right}) {
    const Json& own = truth.at(std::string(side_name(side)));
    CropPlacement placement;
    placement.point_patient = vector_of(own.at("foramen_point_patient_mm"));
    placement.posterior = vector_of(truth.at("posterior"));
    placement.up = vector_of(truth.at("up"));
    placement.lateral = (side == Side::Left ? 1 : -1) * placement.posterior.cross(placement.up);  // to the left
    const auto given = measure_foramen(volumes, placement);
    if (!given) continue;
    Row row{level, severity_of(own.at("foramen_grade")), 0, given->fat_share, std::nullopt};
    for (const auto& share : own.at("foramen_fat_up_back_down_front")) row.true_fat += share.get<double>() / 4;
    if (found) {
      const auto predicted = measure_foramen(volumes, place_crop(*frame, Anchor::Foramen, side));
      if (predicted) row.predicted = predicted->fat_share;
    }
    rows.push_back(row);
  }
}

std::vector<Row> measured_rows(const std::filesystem::path& folder, const Grader& grader) {
  std::ifstream file(folder / "truth.json");
  const Json truth = Json::parse(file, nullptr, false);
  if (!truth.is_array()) throw Error(ErrorKind::Usage, text("cannot read ", (folder / "truth.json").string()));
  std::vector<Row> rows;
  for (const Json& study_truth : truth) {
    const Json& id = study_truth.at("study_id");
    const auto name = id.is_string() ? id.get<std::string>() : id.dump();
    const PreparedStudy prepared = prepare_study(folder / "train_images" / name, {}, grader.locate);
    const auto volumes = volumes_of(prepared.study, SeriesRole::SagittalT1);
    const Spine spine = located(prepared, grader);
    for (const Json& level : study_truth.at("levels")) add_level(level, volumes, spine, rows);
  }
  return rows;
}

/// Ranks with ties sharing their mean rank.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (size_t k = first; k <= last; ++k) ranks[order[k]] = static_cast<double>(first + last) / 2;
    first = last + 1;
  }
  return ranks;
}

double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  return correlation_of(ranks_of(x), ranks_of(y));
}

/// Of the share's smallness for grades of `least` or worse.
double auc(const std::vector<double>& shares, const std::vector<Severity>& grades, Severity least) {
  std::vector<double> worse, better;
  for (size_t k = 0; k < shares.size(); ++k) (grades[k] >= least ? worse : better).push_back(-shares[k]);
  return area_under_roc(worse, better).value_or(std::nan(""));
}

void print(const std::string& points, const std::vector<double>& shares, const std::vector<double>& fat,
           const std::vector<Severity>& grades) {
  std::cerr << points << ": " << shares.size() << " foramina, rank correlation with the fat beside the ganglion "
            << rank_correlation(shares, fat) << ", AUC moderate or worse " << auc(shares, grades, Severity::Moderate)
            << ", severe " << auc(shares, grades, Severity::Severe) << "\n";
}

/// Prints the figures; returns the mean absolute change that the locator's points make.
double print_figures(const std::vector<Row>& rows) {
  std::vector<double> given, given_fat, predicted, predicted_fat;
  std::vector<Severity> grades, predicted_grades;
  double change = 0;
  for (const Row& row : rows) {
    given.push_back(row.share);
    given_fat.push_back(row.true_fat);
    grades.push_back(row.severity);
    if (!row.predicted) continue;
    predicted.push_back(*row.predicted);
    predicted_fat.push_back(row.true_fat);
    predicted_grades.push_back(row.severity);
    change += std::abs(*row.predicted - row.share);
  }
  change /= static_cast<double>(predicted.size());
  print("true points", given, given_fat, grades);
  print("locator's points", predicted, predicted_fat, predicted_grades);
  std::cerr << "mean absolute change by the locator's points " << change << "\n";
  return change;
}

nlohmann::ordered_json manifest_entry(const std::vector<Row>& rows, double measuring_error) {
  OrdinalSample sample;
  int count = 0;
  for (const Row& row : rows) {
    if (!row.predicted) continue;
    sample[static_cast<size_t>(index_of(row.level))].push_back(*row.predicted);
    ++count;
  }
  OrdinalAssumptions assumptions;
  assumptions.measuring_error = measuring_error;
  assumptions.reader_kappa = kReaderKappa;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::NeuralForaminalNarrowing)];
  const MeasureModel model = calibrate_ordinal(sample, assumptions, "foramina");
  nlohmann::ordered_json levels;
  for (const Level level : kLevels) {
    const auto& cuts = model.levels[static_cast<size_t>(index_of(level))];
    levels[std::string(level_key(level))] = {{"moderate_below", cuts.moderate_below},
                                             {"severe_below", cuts.severe_below}};
  }
  return {{"foramen_measure",
           {{"source", text("share of fat-bright pixels within 9 mm of the foramen on sagittal T1, cut on ", count,
                            " foramina of synthetic studies so that the mean probabilities per level equal the "
                            "challenge's frequencies, width from readers' agreement (kappa .54); no real T1 stack with "
                            "grades was at hand")},
            {"width", model.width},
            {"model_weight", kModelWeight},
            {"levels", levels}}}};
}

int run(const std::filesystem::path& folder, const std::optional<std::string>& bundle) {
  GraderOptions options;
  options.bundle = bundle;
  const LoadedGrader loaded = load_grader(options);
  const std::vector<Row> rows = measured_rows(folder, loaded.grader);
  const double measuring_error = print_figures(rows);
  std::cout << manifest_entry(rows, measuring_error).dump(2) << "\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "calibrate_foramen PHANTOM [BUNDLE]", 1, 2,
                     [](const Arguments& arguments) { return run(arguments[0], arguments.optional(1)); });
}
