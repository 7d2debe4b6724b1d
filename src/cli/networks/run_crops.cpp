#include <algorithm>
#include <filesystem>
#include <optional>

#include "bundle/find_bundle.h"
#include "bundle/manifest.h"
#include "cli/networks/run_commands.h"
#include "core/atomic_file.h"
#include "core/log.h"
#include "core/progress.h"
#include "crops/crop.h"
#include "pipeline/load_grader.h"
#include "report/crop_sheet.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

/// One picture: a view of all findings of a condition.
struct Sheet {
  Condition condition{};
  View view;

  std::string file() const {
    return text(grading_role(condition), "_", role_name(view.series), "_", view.size_px, "px.png");
  }
  bool operator==(const Sheet&) const = default;
};

/// What is looked at where the bundle has no network: five slices of 50 mm, as the recipe `fast`.
std::vector<Sheet> usual_sheets() {
  constexpr double kFieldMm = 50;
  constexpr std::array kSeries = {SeriesRole::SagittalT2, SeriesRole::SagittalT1, SeriesRole::AxialT2};  // by Condition
  std::vector<Sheet> sheets;
  for (const Condition condition : kConditions) {
    View view;
    view.series = kSeries[index_of(condition)];
    view.name = std::string(role_name(view.series));
    view.anchor = anchor_of(condition);
    view.pixel_mm = kFieldMm / view.size_px;
    sheets.push_back({condition, view});
  }
  return sheets;
}

/// The views of the bundle's networks; the usual ones for conditions that have none.
std::vector<Sheet> sheets_of(const Manifest& manifest) {
  std::vector<Sheet> sheets;
  for (const Sheet& usual : usual_sheets()) {
    const size_t before = sheets.size();
    for (const NetworkSpec& network : manifest.networks) {
      if (!grades(network, usual.condition)) continue;
      const bool several =
          graded_conditions(network).size() > 1;  // each view is of the condition that it is centred on
      for (const InputSpec& input : network.inputs) {
        const Sheet sheet{usual.condition, view_of(input, network.name)};
        if (several && sheet.view.anchor != usual.view.anchor) continue;
        if (std::find(sheets.begin(), sheets.end(), sheet) == sheets.end()) sheets.push_back(sheet);
      }
    }
    if (sheets.size() == before) sheets.push_back(usual);
  }
  return sheets;
}

/// How the tiles of a row are ordered, and which way they look.
std::string orientation_of(const Sheet& sheet) {
  const bool sided = sheet.condition != Condition::SpinalCanalStenosis;
  if (sheet.view.series == SeriesRole::AxialT2) {
    return sided ? "from head to feet; right sides mirrored" : "from head to feet; the patient's left on the right";
  }
  return sided ? "from the middle outwards; right sides mirrored" : "from the patient's right to the left";
}

std::vector<SheetRow> rows_of(const Sheet& sheet, const Study& study, const Spine& spine) {
  std::vector<SheetRow> rows;
  for (const Finding& finding : all_findings()) {
    if (finding.condition != sheet.condition) continue;
    SheetRow row{std::string(level_name(finding.level)), std::nullopt};
    if (finding.side) row.name += " " + std::string(side_name(*finding.side));
    const auto& frame = spine.levels[index_of(finding.level)];
    if (frame) {
      const CropPlacement placement = place_crop(*frame, sheet.view.anchor, finding.side, sheet.view.mirrored);
      row.crop = cut_crop(volumes_of(study, sheet.view.series), placement, sheet.view);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

int run_crops(const CropOptions& options) {
  std::optional<Waiting> waiting(std::in_place, text("preparing ", options.study));
  const LoadedGrader loaded = load_grader(options.grader);
  const std::vector<Sheet> sheets = sheets_of(read_manifest(loaded.bundle_folder));
  fs::create_directories(options.output);
  for (const Sheet& sheet : sheets) {
    refuse_to_overwrite(fs::path(options.output) / sheet.file(), options.force);
  }
  const PreparedStudy prepared = prepare_study(options.study, options.series, loaded.grader.locate);
  const Study& study = prepared.study;
  const Spine spine = spine_with_points(prepared, loaded.grader);
  waiting.reset();
  for (const Sheet& sheet : sheets) {
    const fs::path path = fs::path(options.output) / sheet.file();
    const std::string title =
        text("study ", study.study_id, ": ", condition_key(sheet.condition), " on ", role_name(sheet.view.series), ", ",
             sheet.view.size_px * sheet.view.pixel_mm, " mm; slices ", orientation_of(sheet));
    write_crop_sheet(path, title, rows_of(sheet, study, spine));
    log_info(text("wrote ", path.string()));
  }
  return 0;
}

}  // namespace lumbargrade::cli
