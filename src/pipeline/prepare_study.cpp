#include "pipeline/prepare_study.h"

#include <algorithm>

#include "core/error.h"

namespace lumbargrade {
namespace {

std::string found_series(const Study& study) {
  std::string list;
  for (const SeriesSummary& series : study.series) {
    if (!list.empty()) list += ", ";
    list += text(series.name, " (", series.orientation, ")");
  }
  return list.empty() ? "no series" : list;
}

/// No level fits into less: the spacing is wrong.
void refuse_tiny_field(const Volume& sagittal, const std::string& study_id) {
  constexpr double kSmallest_mm = 40;
  const Vector3 spacing = spacing_mm(sagittal.patient_from_index);
  const double width_mm = sagittal.columns * spacing[0], height_mm = sagittal.rows * spacing[1];
  if (std::min(width_mm, height_mm) >= kSmallest_mm) return;
  throw Error(ErrorKind::NoUsableStudy, text("implausible field of view in study ", study_id, ": ", width_mm, " x ",
                                             height_mm, " mm; check PixelSpacing"));
}

/// Bytes that finding the levels in a volume takes beside the volume.
// Images, maps and the network's layers of the slices looked at, by pixel of the canonical view. Measured as peak RSS
// less the program's and the volume's, on fields of 0.28 x 0.28 to 0.28 x 1.1 m with one and two threads: 10 slices
// take 490 bytes, 16 take 640 to 680, 36 take 925, 60 take 1060 to 1190, and 120 no more than 60.
size_t memory_for_levels(const Volume& sagittal) {
  constexpr double kBytesPerPixel = 550, kBytesPerPixelAndSlice = 12, kPixel_mm = 0.6;
  constexpr int kMostSlices = 60;
  const Vector3 spacing = spacing_mm(sagittal.patient_from_index);
  const double pixels = sagittal.columns * spacing[0] * sagittal.rows * spacing[1] / (kPixel_mm * kPixel_mm);
  const double per_pixel = kBytesPerPixel + kBytesPerPixelAndSlice * std::min(sagittal.slices, kMostSlices);
  return static_cast<size_t>(per_pixel * pixels);
}

constexpr double kFarthestCanal_mm = 45;  // from the centre of a vertebra: half its depth and half the canal's

constexpr size_t kMostMemory = size_t{1} << 30;  // a lumbar series takes a quarter of it

/// The canal behind a vertebra; nothing where the line does not reach it.
std::optional<Vector3> canal_behind(const Vector3& vertebra, const std::vector<Vector3>& canal_line) {
  const auto nearest = std::min_element(canal_line.begin(), canal_line.end(), [&](const Vector3& a, const Vector3& b) {
    return (a - vertebra).squaredNorm() < (b - vertebra).squaredNorm();
  });
  const bool reaches = nearest != canal_line.end() && (*nearest - vertebra).norm() < kFarthestCanal_mm;
  return reaches ? std::optional(*nearest) : std::nullopt;
}

/// Canal points and the vertebra or disc in front of each.
std::vector<CanalPair> canal_pairs(const Spine& spine) {
  std::vector<CanalPair> pairs;
  for (const auto& level : spine.levels) {
    if (level && level->canal_patient) pairs.push_back({*level->canal_patient, level->centre_patient});
  }
  for (const auto& vertebra : spine.vertebra_centres_patient) {
    const auto canal = vertebra ? canal_behind(*vertebra, spine.canal_line_patient) : std::nullopt;
    if (canal) pairs.push_back({*canal, *vertebra});
  }
  return pairs;
}

}  // namespace

SeriesRole PreparedStudy::sagittal() const {
  if (study.sagittal_t2) return SeriesRole::SagittalT2;
  return study.sagittal_t1 ? SeriesRole::SagittalT1 : SeriesRole::None;
}

const Volume& PreparedStudy::sagittal_volume() const {
  if (study.sagittal_t2) return *study.sagittal_t2;
  if (study.sagittal_t1) return *study.sagittal_t1;
  const std::string first = study.warnings.empty() ? "" : text("; first problem: ", study.warnings.front());
  throw Error(ErrorKind::NoUsableStudy,
              text("no sagittal series in study ", study.study_id, ": found ", found_series(study), first,
                   "; `lumbargrade inspect` shows them, --sagittal-t2 chooses one"));
}

CanalFinder canal_finder(SpineLocator locate) {
  return [locate = std::move(locate)](const Volume& sagittal) {
    if (memory_for_levels(sagittal) > kMostMemory) return std::vector<CanalPair>();
    try {
      return canal_pairs(locate(sagittal));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NoUsableStudy) throw;
      return std::vector<CanalPair>();
    }
  };
}

PreparedStudy prepare_study(const std::filesystem::path& path, const StudyOptions& options, const SpineLocator& locate,
                            StudyContent content) {
  const CanalFinder finder = locate ? canal_finder(locate) : CanalFinder();
  return {content == StudyContent::Volumes ? load_study(path, options, finder) : inspect_study(path, options, finder)};
}

Spine located_spine(const PreparedStudy& prepared, const SpineLocator& locate) {
  const Volume& sagittal = prepared.sagittal_volume();
  refuse_tiny_field(sagittal, prepared.study.study_id);
  const MemoryShare searching =
      take_memory(prepared.study.memory, memory_for_levels(sagittal), "the search for levels in the sagittal series");
  Spine spine = locate(sagittal);
  if (spine.level_count() == 0) {
    throw Error(ErrorKind::NoUsableStudy,
                text("no lumbar discs found in study ", prepared.study.study_id, ": is it a lumbar spine?"));
  }
  spine.series_instance_uid = sagittal.series_instance_uid;
  return spine;
}

}  // namespace lumbargrade
