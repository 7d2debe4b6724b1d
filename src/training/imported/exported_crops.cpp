#include "training/imported/exported_crops.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/strict_object.h"
#include "core/table.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxCropsDepth = 12;
constexpr std::uintmax_t kMaxCropsBytes = std::uintmax_t{4} << 20;

size_t finding_of(const TableRow& row, Condition condition) {
  const std::string& key = row.word("finding");
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (finding_key(all_findings()[k]) != key) continue;
    if (all_findings()[k].condition != condition) row.fail(text(key, " is of another condition"));
    return k;
  }
  row.fail(text("there is no finding ", key));
}

std::optional<MeasuredGrade> measured_of(const TableRow& row) {
  if (row.optional_field("measured_normal_mild").empty()) return std::nullopt;
  MeasuredGrade measured;
  for (size_t c = 0; c < kGradeNames.size(); ++c)
    measured.probabilities[c] = row.number("measured_" + kGradeNames[c], 0, 1);
  measured.weight = row.number("measured_weight", 0, 1);
  return measured;
}

std::vector<ExportedFinding> read_findings(const fs::path& path, Condition condition) {
  constexpr int kMostFolds = 100;
  const Table table(path, ErrorKind::Usage, {"study_id", "finding", "label", "fold"});
  std::vector<ExportedFinding> findings;
  std::set<std::string> seen;
  for (const TableRow row : table) {
    ExportedFinding finding{row.id("study_id"), finding_of(row, condition), std::nullopt,
                            static_cast<int>(row.integer("fold", 0, kMostFolds)), measured_of(row)};
    if (!row.field("label").empty()) finding.label = static_cast<Severity>(row.one_of("label", kGradeNames));
    if (!seen.insert(finding.row_id()).second) row.fail(text(finding.row_id(), " is there twice"));
    findings.push_back(std::move(finding));
  }
  return findings;
}

/// Of a folder right in the export: no path, nor the export itself or what is above it.
bool is_plain_name(const std::string& name) {
  return fs::path(name).filename() == name && name != "." && name != "..";
}

ExportedEntry read_entry(const StrictObject& object, const JsonSource& source, const fs::path& folder) {
  ExportedEntry entry;
  entry.folder = object.string("folder");
  if (!is_plain_name(entry.folder)) object.fail("folder", "must be a plain name");
  std::vector<std::string> keys;
  for (const Condition condition : kConditions) keys.emplace_back(condition_key(condition));
  const auto key = std::find(keys.begin(), keys.end(), object.one_of("condition", keys));
  entry.condition = kConditions[static_cast<size_t>(key - keys.begin())];
  for (const auto& view : object.objects("views", {"input", "margin_slices", "margin_px"}, {"given", "predicted"})) {
    entry.inputs.push_back(parse_image_input(view.free_object("input"), source, view.place_of("input")));
  }
  if (entry.inputs.empty()) object.fail("views", "are none");
  entry.findings = read_findings(folder / entry.folder / kExportedFindingsFile, entry.condition);
  return entry;
}

}  // namespace

std::vector<ExportedEntry> read_exported_crops(const fs::path& folder) {
  const fs::path path = folder / kExportedCropsFile;
  const auto content = file_text(path, kMaxCropsBytes);
  if (!content) {
    throw Error(ErrorKind::Usage,
                text(path.string(), " cannot be read; `lumbargrade crops --export FOLDER` writes such a folder"));
  }
  const JsonSource source{path.string(), ErrorKind::Usage};
  const nlohmann::json json = parse_strict_json(*content, source, kMaxCropsDepth);
  const StrictObject object(json, source, "", {"format", "version", "networks"},
                            {"program", "data", "recipe", "folds", "seed"});
  object.one_of("format", {kExportedCropsFormat});
  object.integer("version", kFirstExportedCropsVersion, kExportedCropsVersion);
  std::vector<ExportedEntry> entries;
  for (const auto& network :
       object.objects("networks", {"folder", "views"}, {"condition", "findings", "conditions", "regions"})) {
    if (network.has("conditions") == network.has("condition")) network.fail("condition", "or conditions must be there");
    if (network.has("conditions")) continue;
    entries.push_back(read_entry(network, source, folder));
  }
  return entries;
}

}  // namespace lumbargrade
