#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/inspect_dataset.h"
#include "cli/networks/network_commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/number_text.h"
#include "core/printable_text.h"
#include "core/wrapped_text.h"
#include "pipeline/prepare_study.h"
#include "volume/slice_positions.h"

namespace lumbargrade::cli {
namespace {

struct InspectOptions {
  std::string study;
  bool json = false;
  bool levels = false;
  InspectDatasetOptions data_set;
  StudyOptions series;
  GraderOptions locator;
};

/// A study, and where its discs are when that was asked for.
struct Inspection {
  Study study;
  std::optional<Spine> spine;
};

/// The locator, loaded when it is first needed: most studies are told by their headers.
class LazyLocator {
 public:
  explicit LazyLocator(GraderOptions options) : options_(std::move(options)) {}

  Spine operator()(const Volume& sagittal) {
    if (!loaded_) loaded_ = network_commands().load_grader(options_);
    return loaded_->grader.locate(sagittal);
  }

 private:
  GraderOptions options_;
  std::optional<LoadedGrader> loaded_;
};

std::optional<Spine> locate_levels(const PreparedStudy& prepared, const SpineLocator& locate) {
  if (prepared.sagittal() == SeriesRole::None) {
    log_warning("levels not sought: the study has no sagittal T1 or T2");
    return std::nullopt;
  }
  try {
    return located_spine(prepared, locate);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoUsableStudy) throw;
    log_warning(text("levels not found: ", error.what()));
    return std::nullopt;
  }
}

Inspection inspect(const InspectOptions& options) {
  LazyLocator lazy(options.locator);
  const SpineLocator locate = [&lazy](const Volume& sagittal) { return lazy(sagittal); };
  PreparedStudy prepared =
      prepare_study(options.study, options.series, locator_bundle(options.locator).empty() ? SpineLocator() : locate,
                    options.levels ? StudyContent::Volumes : StudyContent::Headers);
  std::optional<Spine> spine;
  if (options.levels) spine = locate_levels(prepared, locate);
  return {std::move(prepared.study), std::move(spine)};
}

/// Unit vector across the slices' planes.
Vector3 normal(const Affine& patient_from_index) {
  return patient_from_index.linear().col(0).cross(patient_from_index.linear().col(1)).normalized();
}

/// Whether the block's slices, with half a step around each, hold the point.
bool covers(const BlockSummary& block, const Vector3& point_patient) {
  const SlicePositions slices(block.slice_positions_patient, normal(block.patient_from_index),
                              spacing_mm(block.patient_from_index).z());
  const double height_mm = slices.height_mm(point_patient);
  const int nearest = slices.nearest(height_mm);
  if (std::abs(slices.height_of(nearest) - height_mm) > slices.usual_step_mm() / 2) return false;
  Affine patient_from_slice = block.patient_from_index;
  patient_from_slice.translation() = block.slice_positions_patient[static_cast<size_t>(nearest)];
  const Vector3 index = patient_from_slice.inverse() * point_patient;
  return index.x() >= -0.5 && index.y() >= -0.5 && index.x() <= block.columns - 0.5 && index.y() <= block.rows - 0.5;
}

/// The discs whose centre the block holds, from the head down.
std::vector<std::string> levels_in(const BlockSummary& block, const Spine& spine) {
  std::vector<std::string> names;
  for (const auto& level : spine.levels) {
    if (level && covers(block, level->centre_patient)) names.emplace_back(level_name(level->level));
  }
  return names;
}

// ---- table

/// The role, which names the orientation; without one the orientation alone, in brackets.
std::string role_text(const SeriesSummary& series) {
  if (series.role == SeriesRole::None) return series.orientation.empty() ? "-" : text("(", series.orientation, ")");
  return std::string(role_name(series.role)) + (series.used ? "" : " (not used)");
}

std::string size_text(const BlockSummary& block) {
  return text(block.columns, "x", block.rows, "x", block.slices);
}

std::string spacing_text(const BlockSummary& block) {
  const Vector3 spacing = spacing_mm(block.patient_from_index);
  return text(fixed_decimals(spacing.x(), 2), "x", fixed_decimals(spacing.y(), 2), "x", fixed_decimals(spacing.z(), 2));
}

std::string extent_text(const BlockSummary& block) {
  return text(fixed_decimals(block.lowest_z_mm, 0), "..", fixed_decimals(block.highest_z_mm, 0));
}

/// "L1/L2 to L5/S1"
std::string levels_text(const BlockSummary& block, const Spine& spine) {
  const auto names = levels_in(block, spine);
  if (names.empty()) return "none";
  return names.size() == 1 ? names.front() : text(names.front(), " to ", names.back());
}

using Row = std::vector<std::string>;

Row block_row(const SeriesSummary& series, size_t i, const std::optional<Spine>& spine) {
  const BlockSummary& block = series.blocks[i];
  const bool is_idle = series.used && !block.used;  // another echo, or another station of a whole spine
  Row row = {"", "", text("block ", i + 1, is_idle ? " (not used)" : "")};
  if (i == 0) row = {series.name, role_text(series), series.description};
  row.insert(row.end(),
             {size_text(block), spacing_text(block), spine ? levels_text(block, *spine) : extent_text(block)});
  return row;
}

std::vector<Row> table_rows(const Inspection& inspection) {
  std::vector<Row> rows = {
      {"series", "role", "description", "size", "spacing mm", inspection.spine ? "discs" : "z mm"}};
  for (const SeriesSummary& series : inspection.study.series) {
    if (series.blocks.empty()) {
      rows.push_back({series.name, role_text(series), series.description, text(series.frames, " frames"), "", ""});
    }
    for (size_t i = 0; i < series.blocks.size(); ++i) rows.push_back(block_row(series, i, inspection.spine));
  }
  return rows;
}

void print_warnings(const std::vector<std::string>& warnings) {
  constexpr size_t kMostShown = 20;
  if (!warnings.empty()) std::cout << "\nwarnings\n";
  for (size_t i = 0; i < std::min(warnings.size(), kMostShown); ++i) {
    std::cout << "  " << printable(warnings[i]) << '\n';
  }
  if (warnings.size() > kMostShown) {
    std::cout << "  ... and " << warnings.size() - kMostShown << " more: --json gives them all\n";
  }
}

void print_text(const Inspection& inspection) {
  const Study& study = inspection.study;
  std::cout << "study " << printable(study.study_id) << " (" << printable(study.study_instance_uid) << ")\n\n";
  std::vector<Row> rows = table_rows(inspection);
  for (Row& row : rows) std::transform(row.begin(), row.end(), row.begin(), printable);
  std::cout << aligned(rows) << "\nwhy\n";
  for (const SeriesSummary& series : study.series) {
    std::cout << "  " << printable(series.name) << ": " << printable(series.evidence) << '\n';
  }
  print_warnings(study.warnings);
}

// ---- JSON

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

Json to_json(const BlockSummary& block, const std::optional<Spine>& spine) {
  Json json = {{"slices", block.slices},
               {"columns", block.columns},
               {"rows", block.rows},
               {"patient_from_index", to_json(block.patient_from_index)},
               {"spacing_mm", to_json(spacing_mm(block.patient_from_index))},
               {"normal", to_json(normal(block.patient_from_index))},
               {"z_mm", {block.lowest_z_mm, block.highest_z_mm}},
               {"used", block.used}};
  if (spine) json["discs"] = levels_in(block, *spine);
  return json;
}

Json to_json(const SeriesSummary& series, const std::optional<Spine>& spine) {
  Json blocks = Json::array();
  for (const BlockSummary& block : series.blocks) blocks.push_back(to_json(block, spine));
  return {{"series_instance_uid", series.series_instance_uid},
          {"name", series.name},
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

void print_json(const Inspection& inspection) {
  const Study& study = inspection.study;
  Json series = Json::array();
  for (const SeriesSummary& one : study.series) series.push_back(to_json(one, inspection.spine));
  const Json root = {{"study_id", study.study_id},
                     {"study_instance_uid", study.study_instance_uid},
                     {"series", series},
                     {"warnings", study.warnings}};
  // Text in an unknown character set must not end the command.
  std::cout << root.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

int run_inspect(const InspectOptions& options) {
  if (options.data_set.wanted) return inspect_dataset(options.study, options.data_set, options.series, options.locator);
  const Inspection inspection = inspect(options);
  options.json ? print_json(inspection) : print_text(inspection);
  flush_output();
  return 0;
}

}  // namespace

void add_inspect_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show the series of a study, their roles and geometry");
  command->add_option("STUDY", options->study, "Folder, zip, tar, DICOMDIR or file of one study")
      ->required()
      ->check(existing_input("a study, or with --csv a data set"));
  CLI::Option* json = command->add_flag("--json", options->json, "Write JSON instead of a table (default: table)");
  CLI::Option* levels = command->add_flag("--levels", options->levels,
                                          "Find the discs and tell which of them each block of slices shows");
  CLI::Option* study = add_study_option(*command, options->series);
  CLI::Option* csv = add_inspect_dataset_options(*command, options->data_set);
  for (CLI::Option* of_one_study : {json, levels, study}) csv->excludes(of_one_study);
  add_series_options(*command, options->series);
  add_grader_options(*command, options->locator);
  command->footer(
      "Examples:\n"
      "  lumbargrade inspect train_images/4003253\n"
      "  lumbargrade inspect train_images/4003253 --levels\n"
      "  lumbargrade inspect train_images --csv > overview.csv\n"
      "  lumbargrade inspect export.zip --study 1.2.840.113619.2.1\n"
      "  lumbargrade inspect study --sagittal-t2 2828203845 --json | jq '.series[] | {folder, role, evidence}'");
  command->callback([options, &action] { action = [options] { return run_inspect(*options); }; });
}

}  // namespace lumbargrade::cli
