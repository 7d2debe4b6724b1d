#pragma once

#include <string>
#include <vector>

#include "core/series_role.h"
#include "phantom/anatomy.h"
#include "phantom/sequence.h"

namespace lumbargrade::phantom {

/// One slice to be imaged: its plane through the middle of the slice, its thickness and matrix.
struct SlicePlan {
  ImagePlane plane;
  double thickness_mm = 0;
  double step_mm = 0;  ///< to the next slice of its block
  int rows = 0;
  int columns = 0;
};

/// What the machine adds to the patient's signal.
struct AcquisitionPlan {
  bool phase_along_rows = false;  ///< phase encoding along the row direction (columns change), else along columns
  double read_share = 0.75;       ///< acquired matrix relative to the displayed one, along the readout
  double phase_share = 0.65;
  double noise = 0;         ///< standard deviation per displayed pixel, in units of the fat signal
  double fat_shift_px = 0;  ///< chemical shift along the readout
  double ghost = 0;         ///< relative strength of motion ghosts
  double ghost_period_lines = 6;
  double wrap_mm = 0;         ///< tissue folded in from beyond the field of view along phase
  double coil_depth_mm = 90;  ///< the surface coil's sensitivity halves about there
  Vector3 shading_per_mm = Vector3::Zero();
  double saturation = 0;    ///< strength of the band that darkens the belly, 0..1
  double grey_scale = 900;  ///< stored value of the fat signal near the coil
  double flow_void = 0;     ///< share of the sac's signal lost to pulsation
};

struct SeriesPlan {
  SeriesRole role = SeriesRole::None;
  Sequence sequence;
  AcquisitionPlan acquisition;
  std::vector<SlicePlan> slices;  ///< in the order of instance numbers, from 1
  double bandwidth_hz_per_px = 200;
};

struct ProtocolOptions {
  int sagittal_matrix = 512;
  int axial_matrix = 320;
  double noise_factor = 1;
};

/// Draws the three series of a study in clinical ranges (docs/sources.md, "Phantom: magnetic resonance" and, for
/// the geometry, "The challenge's data").
std::vector<SeriesPlan> draw_protocol(const PatientPlan& patient, const SpineCurve& curve,
                                      const ProtocolOptions& options, Stream& stream);

}  // namespace lumbargrade::phantom
