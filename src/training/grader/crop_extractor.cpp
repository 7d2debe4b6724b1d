#include "training/grader/crop_extractor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

#include "core/error.h"

namespace lumbargrade {
namespace {

/// Predicted points that are further off lie at another level: half of 30 mm, which neighbouring discs are apart;
/// people's points and learned ones are a few mm off.
constexpr double kOtherLevelMm = 15;

std::string record_of(const std::optional<Crop>& crop, const View& view, const CropMargin& margin) {
  const CropExtent extent = extent_of(view, margin);
  std::string record(extent.pixels() + extent.slices, '\0');
  if (!crop) return record;
  std::copy(crop->pixels.begin(), crop->pixels.end(), record.begin());
  std::copy(crop->slice_valid.begin(), crop->slice_valid.end(),
            record.end() - static_cast<std::ptrdiff_t>(extent.slices));
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

/// The finding whose point an anchor is. Where no side is known, the left one.
Finding finding_at(Anchor anchor, const Region& region) {
  const Condition condition = condition_of(anchor);
  if (condition == Condition::SpinalCanalStenosis) return {condition, std::nullopt, region.level};
  return {condition, region.side.value_or(Side::Left), region.level};
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

bool has_labels(const StudyLabels& labels) {
  return std::any_of(labels.labels.begin(), labels.labels.end(), [](const auto& label) { return label.has_value(); });
}

/// Why a region has no crop where `grade` would look, listed once for each of its findings.
void add_skipped(const CutSample& cut, const std::string& study_id, const std::string& why, std::set<size_t>& listed,
                 std::vector<DataProblem>& skipped) {
  for (const LabelledFinding& labelled : cut.sample.findings) {
    if (listed.insert(labelled.finding).second)
      skipped.push_back({study_id, finding_key(all_findings()[labelled.finding]), why});
  }
}

bool lies_elsewhere(const std::vector<std::optional<PointOffset>>& offsets, const std::vector<View>& views) {
  for (size_t v = 0; v < offsets.size(); ++v) {
    const auto& offset = offsets[v];
    if (offset && std::hypot(offset->column_mm, offset->row_mm, offset->slices * views[v].slice_mm) > kOtherLevelMm)
      return true;
  }
  return false;
}

/// Coordinates of the labelled findings, or of all where none is, that cannot be used.
std::vector<DataProblem> misplaced_points(const StudyLabels& labels, const Study& study,
                                          const LabelCoordinates& coordinates) {
  const bool labelled = has_labels(labels);
  std::vector<DataProblem> misplaced;
  for (size_t k = 0; k < kFindingCount; ++k) {
    if (labelled && !labels.labels[k]) continue;
    const Finding& finding = all_findings()[k];
    const LabelledPoint point = coordinates.locate(study, finding);
    if (!point.reason.empty()) misplaced.push_back({study.study_id, finding_key(finding), point.reason});
  }
  return misplaced;
}

/// A network's regions with a label, without crops; all of them where nothing of the study is labelled.
std::vector<CutSample> wanted_samples(const StudyLabels& labels, int study_index, const NetworkRecipe& network) {
  const bool labelled = has_labels(labels);
  std::vector<CutSample> wanted;
  for (const Region& region : regions_of(network.conditions)) {
    CutSample one{region, {}, {}, {}, {}};
    one.sample.study = study_index;
    bool has_label = false;
    for (const Condition condition : network.conditions) {
      const size_t finding = finding_in(region, condition);
      const auto& label = labels.labels[finding];
      has_label = has_label || label.has_value();
      one.sample.findings.push_back({finding, label ? std::optional(label->severity) : std::nullopt});
    }
    if (has_label || !labelled) wanted.push_back(std::move(one));
  }
  return wanted;
}

/// Cuts the samples of one study.
class StudyExtractor {
 public:
  /// Everything is used, not copied.
  StudyExtractor(const GraderRecipe& recipe, const LabelCoordinates& coordinates, const Study& study,
                 const Spine& spine)
      : recipe_(recipe), coordinates_(coordinates), study_(study), spine_(spine) {
    find_given_frames();
  }

  /// Adds what can be cut of the sample's region.
  void cut(const NetworkRecipe& network, CutSample& sample) const {
    const auto& frame = frame_of(sample.region);
    if (frame) sample.predicted = predicted_records(*frame, sample.region, network);
    if (recipe_.points.needs_given()) sample.given = given_records(sample.region, network);
    if (sample.predicted && sample.given) sample.offsets = offsets_of(*frame, sample.region, network.views);
    sample.sample.confidence = frame ? frame->confidence : 0;
    sample.sample.is_misnamed = lies_elsewhere(sample.offsets, network.views);
  }

 private:
  /// The axes in which crops on given points of a level are cut.
  struct GivenFrame {
    LevelFrame frame;
    bool has_canal = false;  ///< else a crop needs a given point of its own
  };

  void find_given_frames() {
    std::array<std::optional<Vector3>, kLevelCount> canal;
    for (size_t k = 0; k < canal.size(); ++k) {
      canal[k] = given_point({kLevels[k], std::nullopt}, Anchor::Canal);
      if (!canal[k] && spine_.levels[k]) canal[k] = spine_.levels[k]->canal_patient;
    }
    for (size_t k = 0; k < given_.size(); ++k) {
      const auto& above = canal[k > 0 ? k - 1 : k];
      const auto& below = canal[k + 1 < canal.size() ? k + 1 : k];
      if (spine_.levels[k]) {
        given_[k] = {*spine_.levels[k], true};
      } else if (canal[k] && above && below) {
        given_[k] = {frame_along(kLevels[k], *canal[k], *above - *below), true};
      } else if (const LevelFrame* nearest = nearest_frame(spine_, k)) {
        given_[k] = {*nearest, false};
        given_[k]->frame.level = kLevels[k];
      }
    }
  }

  const std::optional<LevelFrame>& frame_of(const Region& region) const {
    return spine_.levels[index_of(region.level)];
  }

  std::optional<Vector3> given_point(const Region& region, Anchor anchor) const {
    return coordinates_.locate(study_, finding_at(anchor, region)).point_patient;
  }

  std::optional<CropRecords> predicted_records(const LevelFrame& frame, const Region& region,
                                               const NetworkRecipe& network) const {
    return records_of(study_, network, recipe_.augmentation, [&](const View& view) {
      return std::optional(place_crop(frame, view.anchor, region.side, view.mirrored));
    });
  }

  std::optional<CropRecords> given_records(const Region& region, const NetworkRecipe& network) const {
    const auto& given = given_[index_of(region.level)];
    if (!given || !given_point(region, network.views.front().anchor)) return std::nullopt;
    return records_of(study_, network, recipe_.augmentation, [&](const View& view) {
      std::optional<CropPlacement> placement = place_crop(given->frame, view.anchor, region.side, view.mirrored);
      const auto point = given_point(region, view.anchor);
      if (point) placement->point_patient = *point;
      return point || given->has_canal ? placement : std::nullopt;
    });
  }

  std::optional<PointOffset> offset_of(const LevelFrame& frame, const Region& region, const View& view) const {
    const auto point = given_point(region, view.anchor);
    if (!point) return std::nullopt;
    const CropPlacement predicted = place_crop(frame, view.anchor, region.side, view.mirrored);
    const Vector3 error_mm = predicted.point_patient - *point;
    const bool axial = view.series == SeriesRole::AxialT2;
    const Vector3& across = axial ? predicted.up : predicted.lateral;
    return PointOffset{error_mm.dot(axial ? predicted.lateral : predicted.posterior),
                       error_mm.dot(axial ? predicted.posterior : predicted.up),
                       static_cast<int>(std::lround(error_mm.dot(across) / view.slice_mm))};
  }

  std::vector<std::optional<PointOffset>> offsets_of(const LevelFrame& frame, const Region& region,
                                                     const std::vector<View>& views) const {
    std::vector<std::optional<PointOffset>> offsets;
    for (const View& view : views) {
      const auto first =
          std::find_if(views.begin(), views.end(), [&](const View& other) { return other.anchor == view.anchor; });
      const auto at = static_cast<size_t>(first - views.begin());
      offsets.push_back(at < offsets.size() ? offsets[at] : offset_of(frame, region, view));
    }
    return offsets;
  }

  const GraderRecipe& recipe_;
  const LabelCoordinates& coordinates_;
  const Study& study_;
  const Spine& spine_;
  std::array<std::optional<GivenFrame>, kLevelCount> given_;
};

}  // namespace

CutStudy CropExtractor::operator()(const StudyLabels& labels, int study_index) const {
  CutStudy cut;
  for (const NetworkRecipe& network : recipe_.networks)
    cut.networks.push_back(wanted_samples(labels, study_index, network));
  const auto without_crops = cut.networks;
  try {
    const PreparedStudy prepared = source_.read(labels.study_id);
    Spine spine;
    std::string lost;  // why nothing was found
    try {
      spine = source_.spine(prepared);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoUsableStudy) throw;
      lost = error.what();
    }
    const StudyExtractor extractor(recipe_, coordinates_, prepared.study, spine);
    cut.misplaced = misplaced_points(labels, prepared.study, coordinates_);
    for (size_t n = 0; n < cut.networks.size(); ++n) {
      std::set<size_t> listed;
      for (CutSample& sample : cut.networks[n]) {
        extractor.cut(recipe_.networks[n], sample);
        if (sample.predicted || !lost.empty()) continue;
        const bool found = spine.levels[index_of(sample.region.level)].has_value();
        add_skipped(sample, labels.study_id, found ? "the series does not show it" : "the level was not found", listed,
                    cut.skipped);
      }
    }
    if (!lost.empty()) cut.skipped.push_back({labels.study_id, "", lost});
  } catch (const Error& error) {
    cut.networks = without_crops;
    cut.skipped = {{labels.study_id, "", error.what()}};
  }
  return cut;
}

}  // namespace lumbargrade
