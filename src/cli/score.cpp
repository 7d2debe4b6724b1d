#include "metric/score.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/commands.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/number_text.h"
#include "metric/agreement.h"
#include "metric/bootstrap.h"
#include "metric/calibration_picture.h"

namespace lumbargrade::cli {
namespace {

using Json = nlohmann::ordered_json;

struct ScoreOptions {
  std::string truth;
  std::string submission;
  std::string against;
  std::string picture;
  int resamples = 2000;
  std::uint64_t seed = 1;
  bool json = false;
  bool force = false;
};

/// All figures of one submission.
struct Report {
  std::vector<ScoredStudy> studies;
  Score score;
  std::optional<ScoreIntervals> intervals;
  std::optional<PairedComparison> comparison;
};

struct Part {
  const char* key;
  const char* name;
  double Score::*value;
  Interval ScoreIntervals::*interval;
};
constexpr std::array<Part, kScoreParts + 1> kParts = {
    {{"spinal", kScorePartNames[0], &Score::spinal, &ScoreIntervals::spinal},
     {"foraminal", kScorePartNames[1], &Score::foraminal, &ScoreIntervals::foraminal},
     {"subarticular", kScorePartNames[2], &Score::subarticular, &ScoreIntervals::subarticular},
     {"any_severe_spinal", kScorePartNames[3], &Score::any_severe_spinal, &ScoreIntervals::any_severe_spinal},
     {"score", "SCORE", &Score::score, &ScoreIntervals::score}}};

/// The first parts are those of single conditions, in their order.
const char* group_name(Condition condition) {
  return kParts[index_of(condition)].name;
}

struct NamedEvent {
  Event event;
  const char* key;
  const char* name;
};
constexpr std::array<NamedEvent, 2> kEvents = {
    {{Event::ModerateOrWorse, "moderate_or_worse", "moderate or worse"}, {Event::Severe, "severe", "severe"}}};

Report make_report(const ScoreOptions& options) {
  const Truth truth = read_truth(options.truth);
  Report report;
  report.studies = read_submission(options.submission, truth);
  report.score = score_of(report.studies);
  if (options.resamples > 0) report.intervals = bootstrap_intervals(report.studies, options.resamples, options.seed);
  if (!options.against.empty()) {
    if (options.resamples == 0) throw Error(ErrorKind::Usage, "--against needs bootstrap resamples; --bootstrap is 0");
    report.comparison =
        compare_scores(read_submission(options.against, truth), report.studies, options.resamples, options.seed);
  }
  return report;
}

// ---------------------------------------------------------------------------------------------- as text

std::string fixed(double value, int decimals = 4) {
  return std::isfinite(value) ? fixed_decimals(value, decimals) : "-";
}

std::string fixed(const std::optional<double>& value) {
  return value ? fixed(*value) : "-";
}

/// One line of right-aligned cells after a left-aligned name.
std::string line(const std::string& name, const std::vector<std::string>& cells) {
  constexpr int kNameWidth = 19, kCellWidth = 10;
  std::ostringstream out;
  out << std::left << std::setw(kNameWidth) << name << std::right;
  for (const std::string& cell : cells) out << std::setw(kCellWidth) << cell;
  out << "\n";
  return out.str();
}

std::string score_table(const Report& report, const ScoreOptions& options) {
  std::string table =
      line("weighted log loss", {"loss", report.intervals ? "95 % from" : "", report.intervals ? "to" : ""});
  for (const Part& part : kParts) {
    std::vector<std::string> cells = {fixed(report.score.*part.value, 6)};
    if (report.intervals) {
      cells.push_back(fixed((*report.intervals.*part.interval).low));
      cells.push_back(fixed((*report.intervals.*part.interval).high));
    }
    table += line(part.name, cells);
  }
  if (report.intervals)
    table += text("(bootstrap of ", options.resamples, " resamples over ", report.studies.size(), " studies)\n");
  return table;
}

std::string level_table(const Report& report) {
  std::vector<std::string> names;
  for (const Level level : kLevels) names.emplace_back(level_name(level));
  std::string table = "\n" + line("loss by level", names);
  const auto losses = level_losses(report.studies);
  for (const Condition condition : kConditions) {
    std::vector<std::string> cells;
    for (const LossSum& loss : losses[index_of(condition)]) cells.push_back(fixed(loss.mean()));
    table += line(group_name(condition), cells);
  }
  return table;
}

std::string agreement_table(const Report& report) {
  std::string table = "\n" + line("agreement", {"normal", "moderate", "severe", "AUC sev.", "AUC >=mod", "kappa"});
  for (const Condition condition : kConditions) {
    const Agreement result = agreement(report.studies, condition);
    table += line(group_name(condition),
                  {text(result.counts[0]), text(result.counts[1]), text(result.counts[2]), fixed(result.auc_severe),
                   fixed(result.auc_moderate_or_worse), fixed(result.quadratic_kappa)});
  }
  return table;
}

std::string calibration_rows(const std::array<CalibrationBin, kCalibrationBins>& bins) {
  std::string rows;
  for (const CalibrationBin& bin : bins) {
    if (bin.count == 0) continue;
    rows += line(text("  ", fixed(bin.low, 1), " to ", fixed(bin.high, 1)),
                 {text(bin.count), fixed(bin.mean_predicted), fixed(bin.observed), fixed(bin.observed_weighted)});
  }
  return rows;
}

std::string calibration_table(const Report& report) {
  std::string table = "\n" + line("calibration", {"n", "predicted", "observed", "weighted"});
  for (const Condition condition : kConditions) {
    for (const NamedEvent& event : kEvents) {
      const auto bins = calibration(report.studies, condition, event.event);
      table += text(group_name(condition), ", ", event.name, ": error ", fixed(calibration_error(bins)), "\n");
      table += calibration_rows(bins);
    }
  }
  return table;
}

std::string comparison_text(const PairedComparison& comparison, const ScoreOptions& options) {
  return text("\n", options.submission, " minus ", options.against, ": ", fixed(comparison.difference, 6),
              ", 95 % from ", fixed(comparison.interval.low), " to ", fixed(comparison.interval.high), "; ",
              options.submission, " is better in ", fixed(100 * comparison.second_better, 1), " % of resamples\n");
}

std::string as_text(const Report& report, const ScoreOptions& options) {
  return score_table(report, options) + level_table(report) + agreement_table(report) + calibration_table(report) +
         (report.comparison ? comparison_text(*report.comparison, options) : "");
}

// ---------------------------------------------------------------------------------------------- as JSON

Json to_json(const std::optional<double>& value) {
  return value ? Json(*value) : Json();
}
Json to_json(const Interval& interval) {
  return {interval.low, interval.high};
}

Json score_json(const Report& report) {
  Json json;
  for (const Part& part : kParts) {
    json[part.key]["loss"] = report.score.*part.value;
    if (report.intervals) json[part.key]["interval_95"] = to_json(*report.intervals.*part.interval);
  }
  return json;
}

Json calibration_json(const std::array<CalibrationBin, kCalibrationBins>& bins) {
  Json json = {{"error", calibration_error(bins)}, {"bins", Json::array()}};
  for (const CalibrationBin& bin : bins) {
    json["bins"].push_back({{"low", bin.low},
                            {"high", bin.high},
                            {"count", bin.count},
                            {"mean_predicted", bin.mean_predicted},
                            {"observed", bin.observed},
                            {"observed_weighted", bin.observed_weighted}});
  }
  return json;
}

Json condition_json(const Report& report, Condition condition) {
  const Agreement result = agreement(report.studies, condition);
  Json json;
  for (std::size_t i = 0; i < result.counts.size(); ++i) {
    json["counts"][std::string(severity_key(static_cast<Severity>(i)))] = result.counts[i];
  }
  json["auc_severe"] = to_json(result.auc_severe);
  json["auc_moderate_or_worse"] = to_json(result.auc_moderate_or_worse);
  json["quadratic_kappa"] = to_json(result.quadratic_kappa);
  const auto losses = level_losses(report.studies);
  for (const Level level : kLevels) {
    const LossSum& loss = losses[index_of(condition)][index_of(level)];
    json["loss_by_level"][std::string(level_key(level))] = loss.weight > 0 ? Json(loss.mean()) : Json();
  }
  for (const NamedEvent& event : kEvents) {
    json["calibration"][event.key] = calibration_json(calibration(report.studies, condition, event.event));
  }
  return json;
}

Json as_json(const Report& report, const ScoreOptions& options) {
  Json json = {{"truth", options.truth},
               {"submission", options.submission},
               {"studies", report.studies.size()},
               {"bootstrap", {{"resamples", options.resamples}, {"seed", options.seed}}},
               {"metric", score_json(report)}};
  for (const Condition condition : kConditions) {
    json["conditions"][std::string(condition_key(condition))] = condition_json(report, condition);
  }
  if (report.comparison) {
    json["comparison"] = {{"against", options.against},
                          {"difference", report.comparison->difference},
                          {"interval_95", to_json(report.comparison->interval)},
                          {"share_of_resamples_better", report.comparison->second_better}};
  }
  return json;
}

// ---------------------------------------------------------------------------------------------- the command

int run_score(const ScoreOptions& options) {
  if (!options.picture.empty()) refuse_to_overwrite(options.picture, options.force);
  const Report report = make_report(options);
  if (!options.picture.empty()) write_calibration_picture(options.picture, report.studies, options.submission);
  print(options.json ? as_json(report, options).dump(2) + "\n" : as_text(report, options));
  return 0;
}

void add_options(CLI::App& score, ScoreOptions& options) {
  score.option_defaults()->group("Input");
  score.add_option("--truth", options.truth, "train.csv of the challenge, or a solution with row ids")
      ->type_name("CSV")
      ->check(existing_input("a table"))
      ->required();
  score
      .add_option("--submission", options.submission,
                  "Predictions: row_id,normal_mild,moderate,severe; or a grades.csv")
      ->type_name("CSV")
      ->check(existing_input("a table"))
      ->required();
  score
      .add_option("--against", options.against,
                  "Another submission to compare with, on the same studies (default: none)")
      ->type_name("CSV")
      ->check(existing_input("a table"));
  score.option_defaults()->group("Figures");
  score
      .add_option("--bootstrap", options.resamples,
                  "Bootstrap resamples of studies for 95 % confidence intervals; 0: none (default: 2000)")
      ->check(CLI::Range(0, 1000000));
  score.add_option("--seed", options.seed, "Seed of the resampling (default: 1)");
  score.option_defaults()->group("Output");
  score.add_flag("--json", options.json, "Write JSON (default: tables)");
  score.add_option("--calibration-picture", options.picture, "Write the calibration curves as PNG (default: none)")
      ->type_name("FILE");
  score.add_flag("--force", options.force, "Overwrite an existing picture");
}

}  // namespace

void add_score_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ScoreOptions>();
  CLI::App* score = app.add_subcommand("score", "Score a submission with the challenge's metric");
  add_options(*score, *options);
  score->footer(
      "Examples:\n"
      "  lumbargrade score --truth train.csv --submission submission.csv\n"
      "  lumbargrade score --truth train.csv --submission new.csv --against old.csv\n"
      "  lumbargrade score --truth solution.csv --submission s.csv --json --calibration-picture calibration.png");
  score->callback([&action, options] { action = [options] { return run_score(*options); }; });
}

}  // namespace lumbargrade::cli
