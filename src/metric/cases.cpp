#include "metric/cases.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_map>

#include "core/csv.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr std::array<Severity, kSeverityCount> kSeverities = {Severity::NormalMild, Severity::Moderate,
                                                              Severity::Severe};
constexpr std::array<std::string_view, kSeverityCount> kTrainingLabels = {"Normal/Mild", "Moderate", "Severe"};
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();  // the challenge clips to float64's

/// A CSV file whose errors name the file and the line.
class Table {
 public:
  explicit Table(const fs::path& path) : name_(path.string()), csv_(read_csv(path)) {}

  std::size_t rows() const { return csv_.rows.size(); }
  bool has(std::string_view column) const { return csv_.column(column).has_value(); }
  const std::vector<std::string>& header() const { return csv_.header; }
  const std::string& at(std::size_t row, std::size_t column) const { return csv_.rows[row][column]; }

  std::size_t need(const std::string& column) const {
    const auto found = csv_.column(column);
    if (!found) throw Error(ErrorKind::Failure, text(name_, ": the column \"", column, "\" is missing"));
    return *found;
  }

  [[noreturn]] void fail(std::size_t row, const std::string& reason) const {
    throw Error(ErrorKind::Failure, text(name_, " line ", csv_.lines[row], ": ", reason));
  }
  [[noreturn]] void fail(const std::string& reason) const {
    throw Error(ErrorKind::Failure, text(name_, ": ", reason));
  }

  double number(std::size_t row, std::size_t column) const {
    const std::string& field = at(row, column);
    double value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    const bool whole = error == std::errc() && end == field.data() + field.size();
    if (!whole) fail(row, text("\"", field, "\" in column ", header()[column], " is not a number"));
    if (!std::isfinite(value)) fail(row, text(field, " in column ", header()[column], " is not finite"));
    if (value < 0) fail(row, text(field, " in column ", header()[column], " is negative"));
    return value;
  }

 private:
  std::string name_;
  CsvTable csv_;
};

/// A row id taken apart: "44036939_left_neural_foraminal_narrowing_l1_l2".
struct RowId {
  std::string study_id;
  std::size_t finding = 0;
};

std::optional<RowId> parse_row_id(const std::string& row_id) {
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    const std::string suffix = text("_", finding_key(all_findings()[i]));
    // "spinal_canal_stenosis_l1_l2" ends no other key, so the first match is the only one.
    if (row_id.size() > suffix.size() && row_id.ends_with(suffix)) {
      return RowId{row_id.substr(0, row_id.size() - suffix.size()), i};
    }
  }
  return std::nullopt;
}

RowId need_row_id(const Table& table, std::size_t row, std::size_t column) {
  const auto id = parse_row_id(table.at(row, column));
  if (!id) table.fail(row, text("unknown row \"", table.at(row, column), "\""));
  return *id;
}

std::array<std::size_t, kSeverityCount> severity_columns(const Table& table) {
  std::array<std::size_t, kSeverityCount> columns{};
  for (const Severity severity : kSeverities) {
    columns[static_cast<std::size_t>(severity)] = table.need(std::string(severity_key(severity)));
  }
  return columns;
}

std::optional<Label> training_label(const Table& table, std::size_t row, std::size_t column) {
  const std::string& field = table.at(row, column);
  if (field.empty()) return std::nullopt;
  const auto found = std::find(kTrainingLabels.begin(), kTrainingLabels.end(), field);
  if (found == kTrainingLabels.end()) {
    table.fail(row, text("unknown grade \"", field, "\"; valid are Normal/Mild, Moderate, Severe or nothing"));
  }
  const Severity severity = kSeverities[static_cast<std::size_t>(found - kTrainingLabels.begin())];
  return Label{severity, challenge_weight(severity)};
}

Truth truth_of_training_table(const Table& table) {
  const std::size_t id_column = table.need("study_id");
  std::array<std::size_t, kFindingCount> columns{};
  for (std::size_t i = 0; i < kFindingCount; ++i) columns[i] = table.need(finding_key(all_findings()[i]));
  std::unordered_map<std::string, std::size_t> seen;
  Truth truth;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    StudyLabels study{table.at(row, id_column), {}};
    if (!seen.emplace(study.study_id, row).second) table.fail(row, "study " + study.study_id + " occurs twice");
    for (std::size_t i = 0; i < kFindingCount; ++i) study.labels[i] = training_label(table, row, columns[i]);
    truth.push_back(std::move(study));
  }
  return truth;
}

Severity one_hot_severity(const Table& table, std::size_t row, const std::array<std::size_t, kSeverityCount>& columns) {
  std::optional<Severity> result;
  for (const Severity severity : kSeverities) {
    const double value = table.number(row, columns[static_cast<std::size_t>(severity)]);
    if (value == 0) continue;
    if (value != 1 || result) table.fail(row, "a solution has one 1 and two 0 in each row");
    result = severity;
  }
  if (!result) table.fail(row, "a solution has one 1 and two 0 in each row");
  return *result;
}

Label solution_label(const Table& table, std::size_t row, const std::array<std::size_t, kSeverityCount>& columns) {
  const Severity severity = one_hot_severity(table, row, columns);
  if (!table.has("sample_weight")) return {severity, challenge_weight(severity)};
  const double weight = table.number(row, table.need("sample_weight"));
  if (weight == 0) table.fail(row, "a sample_weight of 0");
  return {severity, weight};
}

Truth truth_of_solution(const Table& table) {
  const std::size_t id_column = table.need("row_id");
  const auto columns = severity_columns(table);
  std::unordered_map<std::string, std::size_t> index;
  Truth truth;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowId id = need_row_id(table, row, id_column);
    const auto [place, is_new] = index.emplace(id.study_id, truth.size());
    if (is_new) truth.push_back({id.study_id, {}});
    auto& label = truth[place->second].labels[id.finding];
    if (label) table.fail(row, "row " + table.at(row, id_column) + " occurs twice");
    label = solution_label(table, row, columns);
  }
  return truth;
}

Probabilities clipped(Probabilities values) {
  for (double& value : values) value = std::clamp(value, kEpsilon, 1 - kEpsilon);
  return values;
}

Probabilities normalised(Probabilities values) {
  const double sum = values[0] + values[1] + values[2];
  for (double& value : values) value /= sum;
  return values;
}

void check_columns(const Table& table) {
  for (const std::string& column : table.header()) {
    const bool known =
        column == "row_id" || std::any_of(kSeverities.begin(), kSeverities.end(),
                                          [&](Severity severity) { return column == severity_key(severity); });
    if (!known) table.fail(text("unknown column \"", column, "\"; valid are row_id, normal_mild, moderate, severe"));
  }
}

Probabilities submitted_values(const Table& table, std::size_t row,
                               const std::array<std::size_t, kSeverityCount>& columns) {
  Probabilities values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = table.number(row, columns[i]);
  if (values[0] + values[1] + values[2] <= 0) table.fail(row, "all three probabilities are 0");
  return values;
}

/// What a submission says, by study in the truth's order.
using Predictions = std::vector<std::array<std::optional<Probabilities>, kFindingCount>>;

Predictions predictions_of(const Table& table, const Truth& truth) {
  check_columns(table);
  const std::size_t id_column = table.need("row_id");
  const auto columns = severity_columns(table);
  std::unordered_map<std::string, std::size_t> index;
  for (const StudyLabels& study : truth) index.emplace(study.study_id, index.size());
  Predictions predictions(truth.size());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowId id = need_row_id(table, row, id_column);
    const auto study = index.find(id.study_id);
    if (study == index.end()) table.fail(row, "study " + id.study_id + " is not in the truth");
    auto& prediction = predictions[study->second][id.finding];
    if (prediction) table.fail(row, "row " + table.at(row, id_column) + " occurs twice");
    prediction = submitted_values(table, row, columns);
  }
  return predictions;
}

}  // namespace

double challenge_weight(Severity severity) {
  static constexpr std::array<double, kSeverityCount> kWeights = {1, 2, 4};
  return kWeights[static_cast<std::size_t>(severity)];
}

std::string_view train_csv_word(Severity severity) {
  return kTrainingLabels[static_cast<std::size_t>(severity)];
}

Truth read_truth(const fs::path& path) {
  const Table table(path);
  if (table.has("row_id")) return truth_of_solution(table);
  if (table.has("study_id")) return truth_of_training_table(table);
  table.fail("has neither a column study_id, as train.csv, nor row_id, as a solution");
}

std::vector<ScoredStudy> read_submission(const fs::path& path, const Truth& truth) {
  const Table table(path);
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
