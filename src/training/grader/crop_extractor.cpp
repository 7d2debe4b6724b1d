#include "training/grader/crop_extractor.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/error.h"

namespace lumbargrade {
namespace {

std::string record_of(const std::optional<Crop>& crop, const View& view, const CropMargin& margin) {
  const auto slices = static_cast<size_t>(view.slices + 2 * margin.slices);
  const auto size = static_cast<size_t>(view.size_px + 2 * margin.pixels);
  std::string record(slices * size * size + slices, '\0');
  if (!crop) return record;
  std::copy(crop->pixels.begin(), crop->pixels.end(), record.begin());
  std::copy(crop->slice_valid.begin(), crop->slice_valid.end(), record.end() - static_cast<std::ptrdiff_t>(slices));
  return record;
}

/// The records of all views, cut where `placement_of` says; nothing where the first view cannot be cut.
std::optional<CropRecords> records_of(
    const Study& study, const NetworkRecipe& network, const AugmentationRecipe& augmentation,
    const std::function<std::optional<CropPlacement>(const View& view)>& placement_of) {
  CropRecords records;
  for (const View& view : network.views) {
    const CropMargin margin = margin_of(view, augmentation);
    const auto placement = placement_of(view);
    std::optional<Crop> crop;
    if (placement) crop = cut_crop(volumes_of(study, view.series), *placement, view, margin);
    if (records.empty() && !crop) return std::nullopt;
    records.push_back(record_of(crop, view, margin));
  }
  return records;
}

/// A level's axes from canal points alone: up along the line of the canal, left as near to the patient's left as that
/// allows.
LevelFrame frame_along(Level level, const Vector3& canal_patient, const Vector3& up) {
  LevelFrame frame;
  frame.level = level;
  frame.centre_patient = canal_patient;
  frame.canal_patient = canal_patient;
  frame.up = up.normalized();
  frame.canal_up = frame.up;
  frame.left = (Vector3::UnitX() - frame.up * frame.up.x()).normalized();
  frame.posterior = frame.up.cross(frame.left);
  return frame;
}

/// The finding whose point an anchor is. Canals have no side: beside them, the left one.
Finding finding_at(Anchor anchor, const Finding& finding) {
  if (anchor == Anchor::Canal) return {Condition::SpinalCanalStenosis, std::nullopt, finding.level};
  const Condition condition =
      anchor == Anchor::Foramen ? Condition::NeuralForaminalNarrowing : Condition::SubarticularStenosis;
  return {condition, finding.side.value_or(Side::Left), finding.level};
}

/// The level's frame, or that of the nearest level that has one.
const LevelFrame* nearest_frame(const Spine& spine, size_t level) {
  for (size_t distance = 0; distance < spine.levels.size(); ++distance) {
    if (level >= distance && spine.levels[level - distance]) return &*spine.levels[level - distance];
    if (level + distance < spine.levels.size() && spine.levels[level + distance])
      return &*spine.levels[level + distance];
  }
  return nullptr;
}

/// The labelled findings; all of them where nothing is labelled.
std::vector<GraderSample> wanted_findings(const StudyLabels& labels, int study_index) {
  const bool labelled =
      std::any_of(labels.labels.begin(), labels.labels.end(), [](const auto& label) { return label.has_value(); });
  std::vector<GraderSample> wanted;
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (labelled && !labels.labels[k]) continue;
    GraderSample sample;
    sample.study = study_index;
    sample.finding = k;
    if (labels.labels[k]) sample.severity = labels.labels[k]->severity;
    wanted.push_back(sample);
  }
  return wanted;
}

}  // namespace

CutStudy CropExtractor::operator()(const StudyLabels& labels, int study_index) const {
  CutStudy cut;
  cut.networks.resize(recipe_.networks.size());
  const std::vector<GraderSample> wanted = wanted_findings(labels, study_index);
  const auto add = [&](const std::function<CutFinding(const GraderSample&, const NetworkRecipe&)>& make) {
    for (size_t n = 0; n < recipe_.networks.size(); ++n) {
      cut.networks[n].clear();
      for (const GraderSample& sample : wanted) {
        if (all_findings()[sample.finding].condition != recipe_.networks[n].condition) continue;
        cut.networks[n].push_back(make(sample, recipe_.networks[n]));
      }
    }
  };
  try {
    const PreparedStudy prepared = source_.read(labels.study_id);
    const LocatedStudy study = located(prepared);
    check_coordinates(wanted, study.study, cut);
    add([&](const GraderSample& sample, const NetworkRecipe& network) {
      CutFinding finding = cut_finding(study, sample, network);
      const Finding& which = all_findings()[sample.finding];
      const bool found = study.spine.levels[index_of(which.level)].has_value();
      const std::string why = found ? "the series does not show it" : "the level was not found";
      if (!finding.predicted && study.lost.empty()) cut.skipped.push_back({labels.study_id, finding_key(which), why});
      return finding;
    });
    if (!study.lost.empty()) cut.skipped.push_back({labels.study_id, "", study.lost});
  } catch (const Error& error) {
    cut.skipped = {{labels.study_id, "", error.what()}};
    add([](const GraderSample& sample, const NetworkRecipe&) { return CutFinding{sample, {}, {}, {}}; });
  }
  return cut;
}

CropExtractor::LocatedStudy CropExtractor::located(const PreparedStudy& prepared) const {
  LocatedStudy result{prepared.study, {}, {}, {}};
  try {
    result.spine = source_.spine(prepared);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NoUsableStudy) throw;
    result.lost = error.what();
  }
  result.given = given_frames(prepared.study, result.spine);
  return result;
}

CropExtractor::GivenFrames CropExtractor::given_frames(const Study& study, const Spine& spine) const {
  std::array<std::optional<Vector3>, kLevelCount> canal;
  for (size_t k = 0; k < canal.size(); ++k) {
    canal[k] = given_point(study, {Condition::SpinalCanalStenosis, std::nullopt, kLevels[k]}, Anchor::Canal);
    if (!canal[k] && spine.levels[k]) canal[k] = spine.levels[k]->canal_patient;
  }
  GivenFrames frames;
  for (size_t k = 0; k < frames.size(); ++k) {
    const auto& above = canal[k > 0 ? k - 1 : k];
    const auto& below = canal[k + 1 < canal.size() ? k + 1 : k];
    if (spine.levels[k]) {
      frames[k] = {*spine.levels[k], true};
    } else if (canal[k] && above && below) {
      frames[k] = {frame_along(kLevels[k], *canal[k], *above - *below), true};
    } else if (const LevelFrame* nearest = nearest_frame(spine, k)) {
      frames[k] = {*nearest, false};
      frames[k]->frame.level = kLevels[k];
    }
  }
  return frames;
}

std::optional<Vector3> CropExtractor::given_point(const Study& study, const Finding& finding, Anchor anchor) const {
  return coordinates_.locate(study, finding_at(anchor, finding)).point_patient;
}

std::optional<CropRecords> CropExtractor::predicted_records(const LocatedStudy& located, const Finding& finding,
                                                            const NetworkRecipe& network) const {
  const auto& frame = located.spine.levels[index_of(finding.level)];
  if (!frame) return std::nullopt;
  return records_of(located.study, network, recipe_.augmentation, [&](const View& view) {
    return std::optional(place_crop(*frame, view.anchor, finding.side, view.mirrored));
  });
}

std::optional<CropRecords> CropExtractor::given_records(const LocatedStudy& located, const Finding& finding,
                                                        const NetworkRecipe& network) const {
  const auto& given = located.given[index_of(finding.level)];
  if (!given || !given_point(located.study, finding, network.views.front().anchor)) return std::nullopt;
  return records_of(located.study, network, recipe_.augmentation, [&](const View& view) {
    std::optional<CropPlacement> placement = place_crop(given->frame, view.anchor, finding.side, view.mirrored);
    const auto point = given_point(located.study, finding, view.anchor);
    if (point) placement->point_patient = *point;
    return point || given->has_canal ? placement : std::nullopt;
  });
}

std::optional<PointOffset> CropExtractor::offset_of(const LocatedStudy& located, const Finding& finding,
                                                    const View& view) const {
  const auto& frame = located.spine.levels[index_of(finding.level)];
  const auto point = given_point(located.study, finding, view.anchor);
  if (!frame || !point) return std::nullopt;
  const CropPlacement predicted = place_crop(*frame, view.anchor, finding.side, view.mirrored);
  const Vector3 error_mm = predicted.point_patient - *point;
  const bool axial = view.series == SeriesRole::AxialT2;
  const Vector3& across = axial ? predicted.up : predicted.lateral;
  return PointOffset{error_mm.dot(axial ? predicted.lateral : predicted.posterior),
                     error_mm.dot(axial ? predicted.posterior : predicted.up),
                     static_cast<int>(std::lround(error_mm.dot(across) / view.slice_mm))};
}

CutFinding CropExtractor::cut_finding(const LocatedStudy& located, const GraderSample& wanted,
                                      const NetworkRecipe& network) const {
  const Finding& finding = all_findings()[wanted.finding];
  CutFinding result{wanted, {}, {}, {}};
  result.predicted = predicted_records(located, finding, network);
  if (recipe_.points.needs_given()) result.given = given_records(located, finding, network);
  if (result.predicted && result.given) result.offset = offset_of(located, finding, network.views.front());
  return result;
}

void CropExtractor::check_coordinates(const std::vector<GraderSample>& wanted, const Study& study,
                                      CutStudy& cut) const {
  for (const GraderSample& sample : wanted) {
    const Finding& finding = all_findings()[sample.finding];
    const LabelledPoint point = coordinates_.locate(study, finding);
    if (!point.reason.empty()) cut.misplaced.push_back({study.study_id, finding_key(finding), point.reason});
  }
}

}  // namespace lumbargrade
