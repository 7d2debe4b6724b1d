#include "training/measures/foramen_shares.h"

#include <cmath>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/number_text.h"
#include "core/progress.h"
#include "crops/crop.h"
#include "grades/axial_sac.h"
#include "grades/foramen.h"
#include "grades/foramen_finder.h"
#include "pipeline/prepare_study.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/study_source.h"
#include "training/grader/training_set.h"
#include "volume/grid.h"

namespace lumbargrade {
namespace {

/// Neighbouring foramina lie some 35 mm apart.
constexpr double kFarthestPointMm = 15;

/// The foramen's point in the data set, and the usual place that it lies near to; nothing where the level was not
/// found, has no point or lies elsewhere.
struct GivenForamen {
  CropPlacement usual;
  Vector3 point_patient;
};

std::optional<GivenForamen> given_foramen(const Finding& finding, const Study& study, const Spine& spine,
                                          const LabelCoordinates& coordinates) {
  const auto& frame = spine.levels[index_of(finding.level)];
  const auto point = coordinates.locate(study, finding).point_patient;
  if (!frame || !point) return std::nullopt;
  const CropPlacement usual = usual_placement(*frame, Anchor::Foramen, finding.side);
  if (distance_in_plane(usual.point_patient, *point, frame->left) > kFarthestPointMm) return std::nullopt;
  return GivenForamen{usual, *point};
}

/// A foramen at the point that is found and at that of the data set; nothing where there is no such point, or the
/// series does not show it.
std::optional<ForamenShare> measured_share(const Finding& finding, const Study& study, const Spine& spine,
                                           const LabelCoordinates& coordinates, const Grader& grader) {
  const auto given = given_foramen(finding, study, spine, coordinates);
  if (!given) return std::nullopt;
  const auto volumes = volumes_of(study, SeriesRole::SagittalT1);
  const LevelFrame& frame = *spine.levels[index_of(finding.level)];
  CropPlacement placement = place_foramen(volumes, frame, *finding.side, grader.model.foramen_finder);
  const auto located = measure_foramen(volumes, placement);
  placement.point_patient = given->point_patient;
  const auto at_point = measure_foramen(volumes, placement);
  if (!located || !at_point) return std::nullopt;
  ForamenShare row;
  row.level = finding.level;
  row.side = *finding.side;
  row.share = located->fat_share;
  row.share_at_point = at_point->fat_share;
  return row;
}

void add_recesses(const StudyLabels& labels, const AxialMeasures& axial, std::vector<RecessAreaRow>& rows) {
  const auto usual = usual_recess_area_mm2(axial);
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& finding = all_findings()[k];
    const auto& level = axial[index_of(finding.level)];
    if (finding.condition != Condition::SubarticularStenosis || !labels.labels[k] || !level) continue;
    const double area_mm2 = level->recess(*finding.side).area_mm2;
    rows.push_back({labels.study_id, finding.level, *finding.side, labels.labels[k]->severity, area_mm2, usual});
  }
}

/// The study's spine, which is looked for where it is not known yet.
const Spine& known_spine(const StudyLabels& labels, const PreparedStudy& prepared, const Grader& grader,
                         KnownSpines& spines) {
  const auto known = spines.find(labels.study_id);
  if (known != spines.end()) return known->second;
  return spines.emplace(labels.study_id, spine_with_points(prepared, grader)).first->second;
}

/// Calls `visit` with every labelled study and its spine; one that cannot be read or located is told on the log.
template <typename Visit>
void for_each_located(const std::filesystem::path& data, const Grader& grader, KnownSpines& spines, const char* what,
                      const Visit& visit) {
  const TrainingFolder folder(data);
  const StudySource source(folder, grader);
  const TrainingSet set = labelled_studies(folder);
  const LabelCoordinates coordinates = read_label_coordinates(folder.coordinates());
  Progress progress(what, static_cast<int>(set.studies.size()));
  int done = 0;
  for (const StudyLabels& labels : set.studies) {
    try {
      const PreparedStudy prepared = source.read(labels.study_id, StudyOptions().threads);
      visit(labels, prepared.study, known_spine(labels, prepared, grader, spines), coordinates);
    } catch (const Error& error) {
      log_warning(text("study ", labels.study_id, " is left out: ", error.what()));
    }
    progress.show(++done, labels.study_id);
  }
}

bool is_graded_foramen(size_t finding, const StudyLabels& labels) {
  return all_findings()[finding].condition == Condition::NeuralForaminalNarrowing && labels.labels[finding];
}

}  // namespace

std::vector<KnownForamen> read_known_foramina(const std::filesystem::path& data, const Grader& grader,
                                              KnownSpines& spines) {
  std::vector<KnownForamen> known;
  for_each_located(
      data, grader, spines, "looking at foramina",
      [&](const auto& labels, const Study& study, const Spine& spine, const auto& coordinates) {
        for (size_t k = 0; k < kFindingCount; ++k) {
          if (!is_graded_foramen(k, labels)) continue;
          const auto given = given_foramen(all_findings()[k], study, spine, coordinates);
          if (!given) continue;
          auto places = foramen_places(volumes_of(study, SeriesRole::SagittalT1), given->usual);
          if (!places.empty())
            known.push_back({labels.study_id, std::move(places), given->point_patient, given->usual.lateral});
        }
      });
  return known;
}

GradedMeasures measure_graded_studies(const std::filesystem::path& data, const Grader& grader, KnownSpines& spines) {
  GradedMeasures measures;
  for_each_located(data, grader, spines, "measuring graded studies",
                   [&](const auto& labels, const Study& study, const Spine& spine, const auto& coordinates) {
                     add_recesses(labels, measure_axial(study, spine), measures.recesses);
                     for (size_t k = 0; k < kFindingCount; ++k) {
                       if (!is_graded_foramen(k, labels)) continue;
                       auto row = measured_share(all_findings()[k], study, spine, coordinates, grader);
                       if (!row) continue;
                       row->study_id = labels.study_id;
                       row->severity = labels.labels[k]->severity;
                       measures.foramina.push_back(std::move(*row));
                     }
                   });
  return measures;
}

void write_recess_areas(const std::filesystem::path& path, const std::vector<RecessAreaRow>& rows) {
  std::string csv = csv_line({"study_id", "level", "side", "grade", "area_mm2", "usual_area_mm2"});
  for (const RecessAreaRow& row : rows) {
    csv += csv_line({row.study_id, std::string(level_name(row.level)), std::string(side_name(row.side)),
                     std::string(severity_key(row.severity)), fixed_decimals(row.area_mm2, 2),
                     row.usual_area_mm2 ? fixed_decimals(*row.usual_area_mm2, 2) : ""});
  }
  write_file_atomically(path, csv);
}

}  // namespace lumbargrade
