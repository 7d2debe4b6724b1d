#include "metric/cases.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/table.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Severity, kSeverityCount> kSeverities = {Severity::NormalMild, Severity::Moderate,
                                                              Severity::Severe};
constexpr std::array<std::string_view, kSeverityCount> kTrainingLabels = {"Normal/Mild", "Moderate", "Severe"};
const std::vector<std::string> kRowColumns = {"row_id", "normal_mild", "moderate", "severe"};
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();  // the challenge clips to float64's

RowId need_row_id(const TableRow& row) {
  const auto id = parse_row_id(row.field("row_id"));
  if (!id) row.fail(text("unknown row \"", row.field("row_id"), "\""));
  return *id;
}

std::optional<Label> training_label(const TableRow& row, const std::string& column) {
  const std::string& field = row.field(column);
  if (field.empty()) return std::nullopt;
  const auto found = std::find(kTrainingLabels.begin(), kTrainingLabels.end(), field);
  if (found == kTrainingLabels.end()) {
    row.fail(text("unknown grade \"", field, "\"; valid are Normal/Mild, Moderate, Severe or nothing"));
  }
  const Severity severity = kSeverities[static_cast<std::size_t>(found - kTrainingLabels.begin())];
  return Label{severity, challenge_weight(severity)};
}

Truth truth_of_training_table(const Table& table) {
  std::vector<std::string> columns;
  for (const Finding& finding : all_findings()) columns.push_back(finding_key(finding));
  table.require(columns);
  std::unordered_set<std::string> seen;
  Truth truth;
  for (const TableRow row : table) {
    StudyLabels study{row.field("study_id"), {}};
    if (!seen.insert(study.study_id).second) row.fail("study " + study.study_id + " occurs twice");
    for (std::size_t i = 0; i < kFindingCount; ++i) study.labels[i] = training_label(row, columns[i]);
    truth.push_back(std::move(study));
  }
  return truth;
}

Severity one_hot_severity(const TableRow& row) {
  std::optional<Severity> result;
  for (const Severity severity : kSeverities) {
    const double value = row.number(severity_key(severity), 0);
    if (value == 0) continue;
    if (value != 1 || result) row.fail("a solution has one 1 and two 0 in each row");
    result = severity;
  }
  if (!result) row.fail("a solution has one 1 and two 0 in each row");
  return *result;
}

Label solution_label(const Table& table, const TableRow& row) {
  const Severity severity = one_hot_severity(row);
  if (!table.has("sample_weight")) return {severity, challenge_weight(severity)};
  const double weight = row.number("sample_weight", 0);
  if (weight == 0) row.fail("a sample_weight of 0");
  return {severity, weight};
}

Truth truth_of_solution(const Table& table) {
  table.require(kRowColumns);
  std::unordered_map<std::string, std::size_t> index;
  Truth truth;
  for (const TableRow row : table) {
    const RowId id = need_row_id(row);
    const auto [place, is_new] = index.emplace(id.study_id, truth.size());
    if (is_new) truth.push_back({id.study_id, {}});
    auto& label = truth[place->second].labels[id.finding];
    if (label) row.fail("row " + row.field("row_id") + " occurs twice");
    label = solution_label(table, row);
  }
  return truth;
}

Probabilities clipped(Probabilities values) {
  for (double& value : values) value = std::clamp(value, kEpsilon, 1 - kEpsilon);
  return values;
}

/// Whether this is `grade`'s or `batch`'s own table.
bool is_grades_table(const Table& table) {
  return !table.has("row_id") && table.has("study_id");
}

RowId row_of_grades_table(const TableRow& row) {
  const auto& findings = all_findings();
  const std::string& condition = row.field("condition");
  const std::string& side = row.field("side");
  const Level level = row.level();
  const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
    return condition_key(finding.condition) == condition && finding.level == level &&
           (finding.side ? side_name(*finding.side) : std::string_view()) == side;
  });
  if (found == findings.end()) row.fail(text("no finding \"", condition, "\" of the side \"", side, "\""));
  return {row.word("study_id"), static_cast<std::size_t>(found - findings.begin())};
}

void check_columns(const Table& table) {
  if (is_grades_table(table)) return table.require({"condition", "side", "level", "normal_mild", "moderate", "severe"});
  for (const std::string& column : table.header()) {
    if (std::find(kRowColumns.begin(), kRowColumns.end(), column) != kRowColumns.end()) continue;
    table.fail(text("unknown column \"", column, "\"; valid are row_id, normal_mild, moderate, severe"));
  }
  table.require(kRowColumns);
}

Probabilities submitted_values(const TableRow& row) {
  Probabilities values{};
  for (const Severity severity : kSeverities) {
    values[index_of(severity)] = row.number(severity_key(severity), 0);
  }
  if (values[0] + values[1] + values[2] <= 0) row.fail("all three probabilities are 0");
  return values;
}

/// What a submission says, by study in the truth's order.
using Predictions = std::vector<std::array<std::optional<Probabilities>, kFindingCount>>;

Predictions predictions_of(const Table& table, const Truth& truth) {
  check_columns(table);
  std::unordered_map<std::string, std::size_t> index;
  for (const StudyLabels& study : truth) index.emplace(study.study_id, index.size());
  Predictions predictions(truth.size());
  for (const TableRow row : table) {
    const RowId id = is_grades_table(table) ? row_of_grades_table(row) : need_row_id(row);
    const auto study = index.find(id.study_id);
    if (study == index.end()) row.fail("study " + id.study_id + " is not in the truth");
    auto& prediction = predictions[study->second][id.finding];
    if (prediction) row.fail(text("row ", id.study_id, "_", finding_key(all_findings()[id.finding]), " occurs twice"));
    prediction = submitted_values(row);
  }
  return predictions;
}

}  // namespace

std::array<double, kSeverityCount> challenge_weights() {
  return {1, 2, 4};
}

double challenge_weight(Severity severity) {
  return challenge_weights()[index_of(severity)];
}

std::string_view train_csv_word(Severity severity) {
  return kTrainingLabels[index_of(severity)];
}

Truth read_truth(const fs::path& path) {
  const Table table(path, ErrorKind::Usage);
  if (table.has("row_id")) return truth_of_solution(table);
  if (table.has("study_id")) return truth_of_training_table(table);
  table.fail("has neither a column study_id, as train.csv, nor row_id, as a solution");
}

std::vector<ScoredStudy> read_submission(const fs::path& path, const Truth& truth) {
  const Table table(path, ErrorKind::Usage);
  const Predictions predictions = predictions_of(table, truth);
  std::vector<ScoredStudy> studies;
  for (std::size_t s = 0; s < truth.size(); ++s) {
    ScoredStudy study{truth[s].study_id, {}};
    for (std::size_t i = 0; i < kFindingCount; ++i) {
      const auto& label = truth[s].labels[i];
      if (!label) continue;
      const auto& prediction = predictions[s][i];
      if (!prediction) table.fail(text("row ", study.study_id, "_", finding_key(all_findings()[i]), " is missing"));
      const Probabilities submitted = clipped(*prediction);
      study.cases[i] = ScoredCase{*label, submitted, normalised(submitted)};
    }
    studies.push_back(std::move(study));
  }
  return studies;
}

}  // namespace lumbargrade
