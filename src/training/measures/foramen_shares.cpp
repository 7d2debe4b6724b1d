#include "training/measures/foramen_shares.h"

#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "crops/crop.h"
#include "grades/axial_sac.h"
#include "grades/foramen.h"
#include "pipeline/prepare_study.h"
#include "training/grader/label_coordinates.h"
#include "training/grader/training_set.h"
#include "volume/distance.h"

namespace lumbargrade {
namespace {

/// Neighbouring foramina lie some 35 mm apart.
constexpr double kFarthestPointMm = 15;

/// A foramen at both points; nothing where the level was not found, has no point or is not shown.
std::optional<ForamenShare> measured_share(const Finding& finding, const Study& study, const Spine& spine,
                                           const std::vector<const Volume*>& volumes,
                                           const LabelCoordinates& coordinates) {
  const auto& frame = spine.levels[index_of(finding.level)];
  const auto point = coordinates.locate(study, finding).point_patient;
  if (!frame || !point) return std::nullopt;
  CropPlacement placement = place_crop(*frame, Anchor::Foramen, finding.side);
  if (distance_in_plane(placement.point_patient, *point, frame->left) > kFarthestPointMm) return std::nullopt;
  const auto located = measure_foramen(volumes, placement, ForamenSearch::InPlane);
  placement.point_patient = *point;
  const auto given = measure_foramen(volumes, placement, ForamenSearch::None);
  if (!located || !given) return std::nullopt;
  ForamenShare row;
  row.level = finding.level;
  row.side = *finding.side;
  row.share = located->fat_share;
  row.share_at_point = given->fat_share;
  return row;
}

void add_recesses(const StudyLabels& labels, const AxialMeasures& axial, std::vector<RecessAreaRow>& rows) {
  const auto usual = usual_recess_area_mm2(axial);
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& finding = all_findings()[k];
    const auto& level = axial[index_of(finding.level)];
    if (finding.condition != Condition::SubarticularStenosis || !labels.labels[k] || !level) continue;
    const auto& recess = level->recess(*finding.side);
    if (!recess) continue;
    rows.push_back(
        {labels.study_id, finding.level, *finding.side, labels.labels[k]->severity, recess->area_mm2, usual});
  }
}

void measure_graded_study(const StudyLabels& labels, const TrainingFolder& folder, const LabelCoordinates& coordinates,
                          const Grader& grader, GradedMeasures& measures) {
  StudyOptions options;
  if (std::filesystem::exists(folder.series())) options.series_descriptions = folder.series();
  const PreparedStudy prepared = prepare_study(folder.images(labels.study_id), options, grader.locate);
  const Spine spine = located_spine(prepared, grader.locate);
  const auto volumes = volumes_of(prepared.study, SeriesRole::SagittalT1);
  add_recesses(labels, measure_axial(prepared.study, spine), measures.recesses);
  for (size_t k = 0; k < kFindingCount; ++k) {
    const Finding& finding = all_findings()[k];
    if (finding.condition != Condition::NeuralForaminalNarrowing || !labels.labels[k]) continue;
    auto row = measured_share(finding, prepared.study, spine, volumes, coordinates);
    if (!row) continue;
    row->study_id = labels.study_id;
    row->severity = labels.labels[k]->severity;
    measures.foramina.push_back(std::move(*row));
  }
}

}  // namespace

GradedMeasures measure_graded_studies(const std::filesystem::path& data, const Grader& grader) {
  const TrainingFolder folder(data);
  const TrainingSet set = labelled_studies(folder);
  const LabelCoordinates coordinates = read_label_coordinates(folder.coordinates());
  GradedMeasures rows;
  Progress progress("measuring graded studies", static_cast<int>(set.studies.size()));
  int done = 0;
  for (const StudyLabels& study : set.studies) {
    try {
      measure_graded_study(study, folder, coordinates, grader, rows);
    } catch (const Error& error) {
      log_warning(text("study ", study.study_id, " is left out: ", error.what()));
    }
    progress.show(++done, study.study_id);
  }
  return rows;
}

}  // namespace lumbargrade
