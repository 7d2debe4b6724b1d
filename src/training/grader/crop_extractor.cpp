#include "training/grader/crop_extractor.h"

#include <algorithm>

#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

std::string record_of(const std::optional<Crop>& crop, const View& view, const CropMargin& margin) {
  const auto slices = static_cast<size_t>(view.slices + 2 * margin.slices);
  const auto size = static_cast<size_t>(view.size_px + 2 * margin.pixels);
  std::string record(slices * size * size + slices, '\0');
  if (!crop) return record;
  std::copy(crop->pixels.begin(), crop->pixels.end(), record.begin());
  std::copy(crop->slice_valid.begin(), crop->slice_valid.end(), record.end() - static_cast<std::ptrdiff_t>(slices));
  return record;
}

/// A level's axes from the data set's canal points alone: up along the line of the canal, left as near to the patient's
/// left as that allows.
LevelFrame frame_along(Level level, const Vector3& canal_patient, const Vector3& up) {
  LevelFrame frame;
  frame.level = level;
  frame.centre_patient = canal_patient;
  frame.canal_patient = canal_patient;
  frame.up = up.normalized();
  frame.left = (Vector3::UnitX() - frame.up * frame.up.x()).normalized();
  frame.posterior = frame.up.cross(frame.left);
  return frame;
}

/// What the data set's canal points tell of a spine in which the locator found nothing.
Spine spine_of_points(const Study& study, const LabelCoordinates& coordinates) {
  std::array<std::optional<Vector3>, kLevelCount> points;
  for (size_t k = 0; k < points.size(); ++k) {
    points[k] = coordinates.locate(study, {Condition::SpinalCanalStenosis, std::nullopt, kLevels[k]}).point_patient;
  }
  Spine spine;
  for (size_t k = 0; k < points.size(); ++k) {
    const auto& above = points[k > 0 ? k - 1 : k];
    const auto& below = points[k + 1 < points.size() ? k + 1 : k];
    if (points[k] && above && below) spine.levels[k] = frame_along(kLevels[k], *points[k], *above - *below);
  }
  return spine;
}

/// The labelled findings; all of them where nothing is labelled.
std::vector<GraderSample> wanted_findings(const StudyLabels& labels, int study_index) {
  const bool labelled =
      std::any_of(labels.labels.begin(), labels.labels.end(), [](const auto& label) { return label.has_value(); });
  std::vector<GraderSample> wanted;
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (labels.labels[k]) {
      wanted.push_back({study_index, k, labels.labels[k]->severity, std::nullopt});
    } else if (!labelled) {
      wanted.push_back({study_index, k, std::nullopt, std::nullopt});
    }
  }
  return wanted;
}

}  // namespace

CutStudy CropExtractor::operator()(const StudyLabels& labels, int study_index) const {
  CutStudy cut;
  cut.networks.resize(recipe_.networks.size());
  try {
    const PreparedStudy prepared = prepare(labels.study_id);
    const Study& study = prepared.study;
    const Spine spine = located(prepared);
    const std::vector<GraderSample> wanted = wanted_findings(labels, study_index);
    check_coordinates(wanted, study, cut);
    for (size_t n = 0; n < recipe_.networks.size(); ++n) cut_network(n, wanted, study, spine, cut);
  } catch (const Error& error) {
    for (auto& network : cut.networks) network.clear();
    cut.skipped = {{labels.study_id, "", error.what()}};
  }
  return cut;
}

PreparedStudy CropExtractor::prepare(const std::string& study_id) const {
  StudyOptions options;
  options.threads = 1;
  if (fs::exists(folder_.series())) options.series_descriptions = folder_.series();
  return prepare_study(folder_.images(study_id), options, grader_.locate);
}

Spine CropExtractor::located(const PreparedStudy& prepared) const {
  try {
    return spine_with_points(prepared, grader_);
  } catch (const Error& error) {
    const bool has_points = options_.points == TrainingPoints::Given && prepared.sagittal != SeriesRole::None;
    if (!has_points || error.kind() != ErrorKind::NoUsableStudy) throw;
    return spine_of_points(prepared.study, coordinates_);
  }
}

CropPlacement CropExtractor::placement_of(const Study& study, const LevelFrame& frame, const Finding& finding,
                                          const View& view) const {
  CropPlacement placement = place_crop(frame, view.anchor, finding.side, view.mirrored);
  if (options_.points == TrainingPoints::Predicted) return placement;
  const auto given = coordinates_.locate(study, finding).point_patient;
  if (given) placement.point_patient = *given;
  return placement;
}

std::optional<MeasuredGrade> CropExtractor::measured(const Finding& finding, const StudyMeasures& measures,
                                                     const LevelFrame& frame) const {
  return measured_grade(finding, finding_measures(finding, frame, measures), grader_.model);
}

void CropExtractor::cut_network(size_t network, const std::vector<GraderSample>& wanted, const Study& study,
                                const Spine& spine, CutStudy& cut) const {
  const NetworkRecipe& recipe = recipe_.networks[network];
  const StudyMeasures measures = measure_study(study, spine, grader_.model.foramen_finder);
  for (const GraderSample& sample : wanted) {
    const Finding& finding = all_findings()[sample.finding];
    if (finding.condition != recipe.condition) continue;
    const auto& frame = spine.levels[index_of(finding.level)];
    CutFinding result{sample, {}};
    if (frame) result.sample.measured = measured(finding, measures, *frame);
    bool shown = false;
    for (const View& view : recipe.views) {
      const CropMargin margin = margin_of(view, recipe_.augmentation);
      std::optional<Crop> crop;
      if (frame) {
        crop = cut_crop(volumes_of(study, view.series), placement_of(study, *frame, finding, view), view, margin);
      }
      if (&view == &recipe.views.front()) shown = crop.has_value();
      result.records.push_back(record_of(crop, view, margin));
    }
    if (shown) {
      cut.networks[network].push_back(std::move(result));
    } else {
      cut.skipped.push_back(
          {study.study_id, finding_key(finding), frame ? "the series does not show it" : "the level was not found"});
    }
  }
}

void CropExtractor::check_coordinates(const std::vector<GraderSample>& wanted, const Study& study,
                                      CutStudy& cut) const {
  if (options_.points == TrainingPoints::Predicted) return;
  for (const GraderSample& sample : wanted) {
    const Finding& finding = all_findings()[sample.finding];
    const LabelledPoint point = coordinates_.locate(study, finding);
    if (!point.reason.empty()) cut.misplaced.push_back({study.study_id, finding_key(finding), point.reason});
  }
}

}  // namespace lumbargrade
