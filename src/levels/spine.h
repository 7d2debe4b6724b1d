#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"
#include "volume/grid.h"

namespace lumbargrade {

/// Antero-posterior room for the thecal sac at one disc, read from the canal map of the central sagittal slices.
struct CanalMeasure {
  double diameter_mm = 0;              ///< narrowest inscribed circle within +-7 mm of the disc's posterior edge
  std::optional<double> reference_mm;  ///< diameter at the neighbouring mid-bodies
  /// Middle of the canal at the disc's posterior edge, in the slice that shows most canal.
  Vector3 point_patient = Vector3::Zero();
  int slice = -1;                                    ///< that slice of the sagittal volume
  std::optional<double> fluid_ratio = std::nullopt;  ///< canal_fluid.h; of T2 only
  std::optional<double> ratio() const {
    return reference_mm && *reference_mm > 0 ? std::optional(diameter_mm / *reference_mm) : std::nullopt;
  }
};

/// Room in one lateral recess, read from the outer sagittal slices.
struct RecessMeasure {
  double depth_mm = 0;                      ///< antero-posterior extent of the canal 6-8 mm to the side of its middle
  Vector3 point_patient = Vector3::Zero();  ///< middle of that extent
  int slice = -1;                           ///< of the sagittal volume, through that point
};

/// A place that a network of the bundle found in the images (points/point_finder.h).
struct FoundPoint {
  Vector3 point_patient = Vector3::Zero();
  double confidence = 0;  ///< 0..1, that it is right within a slice and some millimetres
};

/// The places of a level that such networks are sure of.
struct FoundPoints {
  std::optional<FoundPoint> canal;
  std::array<std::optional<FoundPoint>, 2> foramina;  ///< by index_of(Side)
  std::array<std::optional<FoundPoint>, 2> recesses;  ///< by index_of(Side)
};

/// One disc level in patient space. Every crop is defined in this frame.
struct LevelFrame {
  Level level = Level::L1L2;
  Vector3 centre_patient = Vector3::Zero();  ///< centre of the disc
  Vector3 left = Vector3::UnitX();           ///< unit vector to the patient's left
  Vector3 posterior = Vector3::UnitY();      ///< unit vector along the disc, backwards
  Vector3 up = Vector3::UnitZ();             ///< unit vector along the spine, towards the head
  double depth_mm = 0;                       ///< antero-posterior extent of the disc
  double height_mm = 0;                      ///< mean height of the disc
  double confidence = 0;                     ///< 0..1, that centre and name are right
  std::optional<Vector3> canal_patient;      ///< the middle of the canal behind the disc
  Vector3 canal_up = Vector3::UnitZ();       ///< unit vector along the chain of canal points, towards the head
  double spacing_mm = 35;                    ///< local distance between neighbouring canal points
  std::optional<CanalMeasure> canal;
  /// Nothing where no slice lies there, or the bundle has no network that outlines the canal.
  std::optional<RecessMeasure> recess_left;
  std::optional<RecessMeasure> recess_right;
  int slice = -1;  ///< slice of the sagittal volume nearest to the canal point
  FoundPoints points = {};
};

/// What the locator found in one study.
struct Spine {
  std::array<std::optional<LevelFrame>, kLevelCount> levels;                 ///< by index_of(Level)
  std::array<std::optional<Vector3>, kLevelCount> vertebra_centres_patient;  ///< L1..L5
  std::vector<Vector3> canal_line_patient;                                   ///< from the head down
  double central_slice = 0;         ///< of the sagittal volume, fractional: where most canal is seen (central_slices.h)
  std::vector<std::string> flags;   ///< study-wide, snake_case words
  std::string series_instance_uid;  ///< the series it was read from

  int level_count() const {
    int count = 0;
    for (const auto& level : levels) count += level.has_value();
    return count;
  }
};

}  // namespace lumbargrade
