#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crops/view.h"
#include "levels/spine.h"
#include "study/study.h"

namespace lumbargrade {

/// More than the view asks for, on every side: room for shifting a crop after it was cut.
struct CropMargin {
  int slices = 0;
  int pixels = 0;
};

/// What a crop is with its margin.
struct CropExtent {
  size_t slices;
  size_t size_px;  ///< rows and columns

  size_t pixels() const { return slices * size_px * size_px; }
};
CropExtent extent_of(const View& view, const CropMargin& margin);

/// Where a point comes from.
enum class PointSource {
  Usual,    ///< the level's frame and the usual offsets from its canal
  Network,  ///< a network of the bundle that finds points
  Finder,   ///< the bundle's foramen finder
  Measure,  ///< the place where something was measured
};

std::string_view point_source_name(PointSource source);  ///< "usual", "network", "finder", "measure"

struct PointOrigin {
  PointSource source = PointSource::Usual;
  std::optional<double> confidence = std::nullopt;  ///< of a network's point
};

/// Grey values around one finding. Slices go from the middle outwards to the finding's side (canal: to the left) in
/// sagittal views, towards the feet in axial ones. Rows go towards the feet in sagittal views, backwards in axial ones;
/// columns backwards in sagittal views, and to the finding's side in axial ones. So a right-sided crop is the mirror
/// image of a left-sided one, and one network serves both sides.
struct Crop {
  int slices = 0;
  int size_px = 0;
  /// slices x rows x columns. 0..255 between the view's two percentiles of what the view shows (without the margin).
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> slice_valid;  ///< 1: there is a slice; 0: the data end before, all pixels are 0
  Vector3 point_patient = Vector3::Zero();
  PointOrigin origin = {};
  std::string series_instance_uid;
  std::string sop_instance_uid;  ///< of the middle slice
  /// By slice: the patient point at the middle of its window; meaningless where the data end before.
  std::vector<Vector3> slice_middle_patient;
  Vector3 column_direction = Vector3::UnitY();  ///< unit vectors in the slices' plane
  Vector3 row_direction = -Vector3::UnitZ();
  /// By slice: the images it was made of (several where thin ones were averaged); none where the data end before.
  std::vector<std::vector<std::string>> slice_sop_instance_uids;
};

/// Where crops of a finding are centred, and along what.
struct CropPlacement {
  Vector3 point_patient = Vector3::Zero();
  Vector3 lateral = Vector3::UnitX();  ///< unit vectors: to the finding's side (canal: to the left)
  Vector3 posterior = Vector3::UnitY();
  Vector3 up = Vector3::UnitZ();
  PointOrigin origin = {};
  double disc_spacing_mm = kUsualDiscSpacingMm;  ///< of the level, for views that are relative to it
};

/// The placement from the level's frame alone: canal point as found; foramen and recess at their mean offsets from it
/// (measured in two challenge studies: docs/sources.md, "The challenge's data"), mirrored for the right side.
/// `mirrored`: the crop's axes are mirrored with it, as View::mirrored says.
CropPlacement usual_placement(const LevelFrame& frame, Anchor anchor, std::optional<Side> side, bool mirrored = true);

/// The same on the point that a network has found, where it has (LevelFrame::points): what every crop is centred on.
CropPlacement place_crop(const LevelFrame& frame, Anchor anchor, std::optional<Side> side, bool mirrored = true);

/// The place of a network's point among those of a level, FoundPoints.
template <typename Points>
auto& found_point(Points& points, Anchor anchor, std::optional<Side> side) {
  if (anchor == Anchor::Canal) return points.canal;
  return (anchor == Anchor::Foramen ? points.foramina : points.recesses)[index_of(side.value_or(Side::Left))];
}

/// The volumes of a study that have this role.
std::vector<const Volume*> volumes_of(const Study& study, SeriesRole role);

/// Cuts the view out of that volume which shows the point best: the slices nearest to it, each sampled in its own
/// plane. Nothing where no slice comes near the point. Slices thinner than the view's are averaged.
std::optional<Crop> cut_crop(const std::vector<const Volume*>& volumes, const CropPlacement& placement,
                             const View& view, const CropMargin& margin = {});

}  // namespace lumbargrade
