#include <algorithm>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/grade_options.h"
#include "core/error.h"
#include "core/log.h"
#include "study/study.h"

namespace lumbargrade::cli {
namespace {

struct InspectOptions {
  std::string study;
  bool json = false;
  StudyOptions series;
};

// ---- table
// -------------------------------------------------------------------------------------------------------------

std::string number(double value, int decimals) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(decimals) << value;
  return out.str();
}

std::string series_name(const SeriesSummary& series) {
  return series.folder.empty() ? series.series_instance_uid : series.folder;
}

std::string role_text(const SeriesSummary& series) {
  if (series.role == SeriesRole::None) return "-";
  return std::string(role_name(series.role)) + (series.used ? "" : " (spare)");
}

std::string size_text(const BlockSummary& block) {
  return text(block.columns, "x", block.rows, "x", block.slices);
}

std::string spacing_text(const BlockSummary& block) {
  return text(number(block.spacing_mm.x(), 2), "x", number(block.spacing_mm.y(), 2), "x",
              number(block.spacing_mm.z(), 2));
}

std::string extent_text(const BlockSummary& block) {
  return text(number(block.lowest_z_mm, 0), "..", number(block.highest_z_mm, 0));
}

using Row = std::vector<std::string>;

Row block_row(const SeriesSummary& series, size_t i) {
  const BlockSummary& block = series.blocks[i];
  if (i > 0) return {"", "", "", text("block ", i + 1), size_text(block), spacing_text(block), extent_text(block)};
  return {series_name(series), role_text(series),   series.description, series.orientation,
          size_text(block),    spacing_text(block), extent_text(block)};
}

std::vector<Row> table_rows(const Study& study) {
  std::vector<Row> rows = {{"series", "role", "description", "orientation", "size", "spacing mm", "z mm"}};
  for (const SeriesSummary& series : study.series) {
    if (series.blocks.empty()) {
      rows.push_back({series_name(series), role_text(series), series.description, series.orientation,
                      text(series.frames, " frames"), "", ""});
    }
    for (size_t i = 0; i < series.blocks.size(); ++i) rows.push_back(block_row(series, i));
  }
  return rows;
}

void print_table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    std::cout << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

/// Descriptions come from the file: nothing in them may steer the terminal.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

void print_text(const Study& study) {
  std::cout << "study " << printable(study.study_id) << " (" << printable(study.study_instance_uid) << ")\n\n";
  std::vector<Row> rows = table_rows(study);
  for (Row& row : rows) std::transform(row.begin(), row.end(), row.begin(), printable);
  print_table(rows);
  std::cout << "\nwhy\n";
  for (const SeriesSummary& series : study.series) {
    std::cout << "  " << printable(series_name(series)) << ": " << printable(series.evidence) << '\n';
  }
  if (!study.warnings.empty()) std::cout << "\nwarnings\n";
  for (const std::string& warning : study.warnings) std::cout << "  " << printable(warning) << '\n';
}

// ---- JSON
// --------------------------------------------------------------------------------------------------------------

using Json = nlohmann::ordered_json;

Json to_json(const Vector3& vector) {
  return {vector.x(), vector.y(), vector.z()};
}

/// Rows of the 3 x 4 matrix.
Json to_json(const Affine& affine) {
  Json rows = Json::array();
  for (Eigen::Index row = 0; row < 3; ++row) {
    rows.push_back(
        {affine.linear()(row, 0), affine.linear()(row, 1), affine.linear()(row, 2), affine.translation()[row]});
  }
  return rows;
}

Json to_json(const BlockSummary& block) {
  return {{"slices", block.slices},
          {"columns", block.columns},
          {"rows", block.rows},
          {"patient_from_index", to_json(block.patient_from_index)},
          {"spacing_mm", to_json(block.spacing_mm)},
          {"normal", to_json(block.normal)},
          {"z_mm", {block.lowest_z_mm, block.highest_z_mm}},
          {"used", block.used}};
}

Json to_json(const SeriesSummary& series) {
  Json blocks = Json::array();
  for (const BlockSummary& block : series.blocks) blocks.push_back(to_json(block));
  return {{"series_instance_uid", series.series_instance_uid},
          {"folder", series.folder},
          {"series_number", series.series_number},
          {"description", series.description},
          {"modality", series.modality},
          {"files", series.files},
          {"frames", series.frames},
          {"orientation", series.orientation},
          {"role", role_name(series.role)},
          {"used", series.used},
          {"evidence", series.evidence},
          {"blocks", blocks},
          {"warnings", series.warnings}};
}

void print_json(const Study& study) {
  Json series = Json::array();
  for (const SeriesSummary& one : study.series) series.push_back(to_json(one));
  const Json root = {{"study_id", study.study_id},
                     {"study_instance_uid", study.study_instance_uid},
                     {"series", series},
                     {"warnings", study.warnings}};
  // Text in an unknown character set must not end the command.
  std::cout << root.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

int run_inspect(const InspectOptions& options) {
  const Study study = inspect_study(options.study, options.series);
  options.json ? print_json(study) : print_text(study);
  std::cout << std::flush;
  if (!std::cout) throw Error(ErrorKind::Failure, "cannot write the result to standard output (disk full?)");
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show the series of a study, their roles and geometry");
  command->add_option("STUDY", options->study, "Folder, zip, tar, DICOMDIR or file of one study")->required();
  command->add_flag("--json", options->json, "Write JSON instead of a table (default: table)");
  add_series_options(*command, options->series);
  command->footer(
      "Examples:\n"
      "  lumbargrade inspect train_images/4003253\n"
      "  lumbargrade inspect export.zip --study 1.2.840.113619.2.1\n"
      "  lumbargrade inspect study --sagittal-t2 2828203845 --json | jq '.series[] | {folder, role, evidence}'");
  command->callback([options, &action] { action = [options] { return run_inspect(*options); }; });
}

}  // namespace lumbargrade::cli
