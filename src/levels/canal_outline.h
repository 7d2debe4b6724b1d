#pragma once

#include <array>
#include <functional>
#include <opencv2/core.hpp>
#include <vector>

#include "levels/spine.h"
#include "volume/slice_positions.h"
#include "volume/volume.h"

namespace lumbargrade {

/// Pixel size at which the canal is outlined: SPIDER's own, so that nothing is lost between its slices and its masks.
inline constexpr double kOutlinePixelMm = 0.46875;
/// The outline network sees a slice and what lies this far on either side of it, interpolated between slices: a thick
/// slice therefore comes with near copies of itself.
inline constexpr double kOutlineSideMm = 1.0;
inline constexpr int kOutlineChannels = 3;
/// Probability at which the outline is drawn.
inline constexpr float kOutlineLevel = 0.5F;

using OutlineInput = std::array<cv::Mat1f, kOutlineChannels>;

/// The part of a sagittal stack around the canal from L1/L2 to L5/S1, one image per slice: columns to the back, rows to
/// the feet, square pixels of kOutlinePixelMm, scaled to mean 0 and standard deviation 1 over all of it.
struct CanalStrip {
  std::vector<cv::Mat1f> slices;
  std::vector<Affine> patient_from_pixel;  ///< per slice: (column, row, 0) to patient space
  cv::Rect rect_px;                        ///< where the strip lies in the canonical view of whole slices
  SlicePositions positions;                ///< of the slices

  /// Position of a patient point in the strip's images, and its fractional slice.
  cv::Point2d pixel(const Vector3& patient) const;
  double slice(const Vector3& patient) const;
  Vector3 patient(cv::Point2d pixel, int slice) const;

  /// What the outline network sees for one slice; `side_mm` away from it the outer channels.
  OutlineInput input(int slice, double side_mm = kOutlineSideMm) const;
};

/// A disc and the way out of it into the canal.
struct DiscEdge {
  Level level = Level::L1L2;
  Vector3 edge_patient = Vector3::Zero();  ///< posterior edge, in the middle of the canal's width
  Vector3 posterior = Vector3::UnitY();
  Vector3 up = Vector3::UnitZ();
  double height_mm = 0;
};

/// Where the discs of a located spine meet the canal, from the head down.
std::vector<DiscEdge> disc_edges(const Spine& spine);

/// Cuts the strip so that it holds all the given posterior edges of discs, with a margin. Rows and columns are
/// multiples of `multiple_of`; beyond the image its edge is repeated.
CanalStrip cut_canal_strip(const Volume& sagittal, const std::vector<DiscEdge>& discs, int multiple_of);

struct OutlineMeasures {
  std::optional<CanalMeasure> canal;
  std::optional<RecessMeasure> recess_left;
  std::optional<RecessMeasure> recess_right;
};

/// The same part of every slice of another volume with the strip's geometry, such as a mask.
std::vector<cv::Mat1f> cut_slices(const Volume& sagittal, const cv::Rect& rect_px);

/// Slices of the strip that measuring looks at: those around `central_slice` and those that show a recess.
std::vector<int> outlined_slices(const CanalStrip& strip, const std::vector<DiscEdge>& discs, double central_slice);

/// How much each slice of a strip counts, by disc.
using SliceWeights = std::vector<std::vector<double>>;

/// Measures at every disc, in the order of `discs` (from the head down). `canal[k]` is the probability (or mask) of
/// slice k, empty where it was not outlined.
///
/// Diameter, as SPIDER's canal_measurements.csv has it: twice the distance from the canal's middle line to its outline,
/// least within 7 mm of the point nearest to the disc's rearmost point (of a tilted disc a corner of its posterior
/// edge); over the slices the mean by `weight_of_slice` (central_slices.h), where SPIDER's table has the median over
/// its central slices. Reference: the median diameter within 4 mm of half-way to the neighbouring discs. Recess depth:
/// antero-posterior extent at the disc, mean over 6 mm of height, median over the slices 6-8 mm to the side of the
/// canal's middle at this disc (5-9 mm where slices lie more than 2 mm apart); nothing where none lies there.
std::vector<OutlineMeasures> measure_outline(const CanalStrip& strip, const std::vector<DiscEdge>& discs,
                                             const SliceWeights& weights, const std::vector<cv::Mat1f>& canal);

/// Outlines the canal of some slices: one probability map for each input.
using OutlineFunction = std::function<std::vector<cv::Mat1f>(const std::vector<OutlineInput>&)>;

/// A network that outlines the canal.
struct CanalOutliner {
  OutlineFunction outline;
  int multiple_of = 1;  ///< rows and columns of its inputs are
};

/// The strip of a located spine with its canal.
struct OutlinedStrip {
  std::vector<DiscEdge> discs;
  CanalStrip strip;
  std::vector<cv::Mat1f> canal;  ///< probability by slice; empty where it was not outlined
};

/// Cuts the strip at the discs of a spine, which has at least one, and outlines the slices that measuring looks at.
OutlinedStrip outlined_strip(const Volume& sagittal, const Spine& spine, const CanalOutliner& outliner);

/// Replaces the locator's canal measures by those of the fine outline, where it shows the canal
/// in a stack of slices, and adds the recesses.
void outline_canal(const Volume& sagittal, const CanalOutliner& outliner, Spine& spine);

}  // namespace lumbargrade
