#include "batch/submission.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/table.h"
#include "metric/cases.h"
#include "report/probability_text.h"

namespace lumbargrade {
namespace {

using StudyProbabilities = std::array<Probabilities, kFindingCount>;

StudyProbabilities prior_of_study(const PriorTable& prior) {
  StudyProbabilities probabilities{};
  for (size_t i = 0; i < probabilities.size(); ++i) probabilities[i] = prior_of(prior, all_findings()[i]);
  return probabilities;
}

/// Rows of a result are in the order of all_findings().
StudyProbabilities probabilities_of(const StudyResultFile& result) {
  const Table table(result.grades, result.record.study_id, ErrorKind::Failure);
  StudyProbabilities probabilities{};
  for (size_t i = 0; i < probabilities.size(); ++i) {
    for (size_t k = 0; k < kSeverityCount; ++k) {
      probabilities[i][k] = table[i].number(severity_key(static_cast<Severity>(k)), 0, 1);
    }
  }
  return probabilities;
}

Probabilities scaled(Probabilities probabilities, SubmissionScale scale) {
  if (scale == SubmissionScale::Calibrated) return probabilities;
  for (size_t k = 0; k < kSeverityCount; ++k) probabilities[k] *= challenge_weight(static_cast<Severity>(k));
  return probabilities;  // printing normalises
}

/// Graded studies by id, and why the others are not.
struct Collected {
  std::map<std::string, StudyProbabilities> graded;
  std::map<std::string, StudyFailure> failed;
};

Collected collect(const ShardSet& shards) {
  Collected collected;
  for_each_study(shards, {[&](const std::string& id, const StudyResultFile& result) {
                            collected.graded.emplace(id, probabilities_of(result));
                          },
                          [&](const StudyFailure& failure) { collected.failed.emplace(failure.study_id, failure); }});
  return collected;
}

std::vector<std::string> wanted_rows(const SubmissionRows& rows, const Collected& collected) {
  if (!rows.row_ids.empty()) return rows.row_ids;
  std::set<std::string> ids(rows.listed_ids.begin(), rows.listed_ids.end());
  for (const auto& [id, probabilities] : collected.graded) ids.insert(id);
  for (const auto& [id, failure] : collected.failed) ids.insert(id);
  std::vector<std::string> row_ids;
  for (const std::string& id : ids) {
    for (const Finding& finding : all_findings()) row_ids.push_back(text(id, "_", finding_key(finding)));
  }
  return row_ids;
}

StudyFailure why_missing(const Collected& collected, const std::string& id) {
  const auto known = collected.failed.find(id);
  if (known != collected.failed.end()) return known->second;
  return {id, "discover", "listed, but no folder of this name was found", ""};
}

}  // namespace

Submission make_submission(const ShardSet& shards, const SubmissionRows& rows, const PriorTable& prior,
                           SubmissionScale scale) {
  const Collected collected = collect(shards);
  const StudyProbabilities prior_rows = prior_of_study(prior);
  std::set<std::string> missing;
  Submission submission{csv_line({"row_id", "normal_mild", "moderate", "severe"}), {}};
  for (const std::string& row_id : wanted_rows(rows, collected)) {
    const auto parsed = parse_row_id(row_id);
    if (!parsed) throw Error(ErrorKind::Usage, text("\"", row_id, "\" is no row id of the challenge"));
    const auto& [study_id, place] = *parsed;
    const auto found = collected.graded.find(study_id);
    if (found == collected.graded.end()) missing.insert(study_id);
    const StudyProbabilities& study = found == collected.graded.end() ? prior_rows : found->second;
    const auto printed = printed_probabilities(scaled(study[place], scale));
    submission.csv += csv_line({row_id, printed[0], printed[1], printed[2]});
  }
  for (const std::string& id : missing) submission.failures.push_back(why_missing(collected, id));
  return submission;
}

}  // namespace lumbargrade
