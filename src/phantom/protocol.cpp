#include "phantom/protocol.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

Sequence draw_sequence(Contrast contrast, double field_tesla, Stream& stream) {
  const bool high_field = field_tesla > 2;
  Sequence sequence;
  sequence.contrast = contrast;
  sequence.field_tesla = field_tesla;
  switch (contrast) {
    case Contrast::T1:
      sequence.repetition_ms = high_field ? stream.uniform(600, 900) : stream.uniform(450, 700);
      sequence.echo_ms = stream.uniform(8, 15);
      break;
    case Contrast::T2:
      sequence.repetition_ms = stream.uniform(3000, 5000);
      sequence.echo_ms = stream.uniform(90, 120);
      sequence.fat_t2_ms = stream.uniform(110, 210);
      break;
    case Contrast::Stir:
      sequence.repetition_ms = stream.uniform(3500, 5000);
      sequence.echo_ms = stream.uniform(40, 70);
      sequence.inversion_ms = high_field ? stream.uniform(200, 220) : stream.uniform(150, 170);
      break;
  }
  sequence.repetition_ms = std::round(sequence.repetition_ms);
  sequence.echo_ms = std::round(sequence.echo_ms * 10) / 10;
  sequence.inversion_ms = std::round(sequence.inversion_ms);
  return sequence;
}

AcquisitionPlan draw_acquisition(const Sequence& sequence, const ProtocolOptions& options, double bandwidth_hz_per_px,
                                 bool sagittal, double coil_depth_mm, Stream& stream) {
  AcquisitionPlan plan;
  plan.phase_along_rows = sagittal ? stream.chance(0.3) : stream.chance(0.6);
  plan.read_share = stream.uniform(0.68, 0.9);
  plan.phase_share = plan.read_share * stream.uniform(0.75, 0.95);
  plan.noise = options.noise_factor * stream.uniform(0.010, 0.028) * (sequence.field_tesla > 2 ? 0.7 : 1);
  if (sequence.contrast == Contrast::Stir) plan.noise *= 0.6;
  // 3.5 ppm: 224 Hz at 1.5 T, 447 Hz at 3 T (CS), in acquired pixels.
  plan.fat_shift_px = (sequence.field_tesla > 2 ? 447 : 224) / bandwidth_hz_per_px / plan.read_share;
  if (stream.chance(0.5)) plan.fat_shift_px = -plan.fat_shift_px;
  plan.ghost = stream.chance(0.3) ? stream.uniform(0.005, 0.03) : 0.002;
  plan.ghost_period_lines = stream.uniform(4, 12);
  plan.wrap_mm = stream.chance(0.1) ? stream.uniform(8, 25) : 0;
  plan.coil_depth_mm = coil_depth_mm;
  plan.shading_per_mm = Vector3(stream.normal(0, 0.0012), 0, stream.normal(0, 0.0012));
  plan.saturation = sagittal && stream.chance(0.5) ? stream.uniform(0.6, 0.95) : stream.uniform(0, 0.4);
  plan.grey_scale = stream.uniform(700, 1600);
  plan.flow_void = sequence.contrast == Contrast::T1 ? 0 : stream.uniform(0.02, sagittal ? 0.30 : 0.25);
  return plan;
}

SlicePlan square_slice(double field_of_view, int matrix, double thickness, double step) {
  SlicePlan slice;
  slice.rows = slice.columns = matrix;
  slice.thickness_mm = thickness;
  slice.step_mm = step;
  slice.plane.row_spacing_mm = slice.plane.column_spacing_mm = field_of_view / matrix;
  return slice;
}

/// The square slice about `centre`.
SlicePlan placed(SlicePlan slice, const Vector3& centre, const Vector3& row, const Vector3& column) {
  slice.plane.row_direction = row;
  slice.plane.column_direction = column;
  slice.plane.position_patient = centre - 0.5 * slice.plane.row_spacing_mm * (slice.rows - 1) * (row + column);
  return slice;
}

std::vector<SlicePlan> sagittal_slices(const PatientPlan& patient, const SpineCurve& curve, int matrix,
                                       Stream& stream) {
  const int count = stream.integer(15, 21);
  const double thickness = stream.chance(0.75) ? 4 : stream.uniform(3.2, 4.5);
  const double step = thickness * stream.uniform(1.08, 1.2);
  const double field_of_view = stream.uniform(265, 305);
  // The technician aims at the spine: the stack's turn follows the patient's, less an error.
  const double turn = stream.normal(0, 1.5) * kRadians;
  const double tilt = patient.coronal_tilt_rad + stream.normal(0, 1) * kRadians;
  const Eigen::Matrix3d rotation =
      (Eigen::AngleAxisd(turn, Vector3::UnitZ()) * Eigen::AngleAxisd(tilt, Vector3::UnitY())).toRotationMatrix();
  const Vector3 row = rotation * Vector3::UnitY();
  const Vector3 column = rotation * -Vector3::UnitZ();
  const Vector3 left = rotation * Vector3::UnitX();
  const Vector3 aim = curve.frame(patient.bodies[kL1 - 2].centre_s).centre_patient +
                      Vector3(stream.normal(0, 2), stream.uniform(5, 35), stream.uniform(-15, 8));
  // "Left has the higher instance number" holds in 64 % of the challenge's series.
  const double order = stream.chance(0.64) ? 1 : -1;
  const SlicePlan slice = square_slice(field_of_view, matrix, thickness, step);
  std::vector<SlicePlan> slices;
  for (int k = 0; k < count; ++k) {
    slices.push_back(placed(slice, aim + order * step * (k - 0.5 * (count - 1)) * left, row, column));
  }
  return slices;
}

SlicePlan axial(const SlicePlan& slice, const Vector3& centre, double tilt_rad) {
  // tilt > 0: the plane's normal leans forwards, so its back edge lies higher.
  return placed(slice, centre, Vector3::UnitX(), Vector3(0, std::cos(tilt_rad), std::sin(tilt_rad)));
}

double forward_tilt(const SpineCurve& curve, double s) {
  const Vector3 up = curve.frame(s).up;
  return std::atan2(-up.y(), up.z());
}

std::vector<SlicePlan> axial_slices(const PatientPlan& patient, const SpineCurve& curve, int matrix, Stream& stream) {
  const double thickness = stream.uniform(3, 4);
  const double step = thickness * stream.uniform(1.0, 1.12);
  const double field_of_view = stream.uniform(160, 205);
  const double behind = stream.uniform(18, 30);
  const SlicePlan slice = square_slice(field_of_view, matrix, thickness, step);
  std::vector<SlicePlan> slices;
  const bool straight = stream.chance(0.5);
  const double high_s = patient.discs[disc_of(Level::L1L2)].centre_s + 8;
  if (straight) {
    const double tilt = stream.normal(6, 4) * kRadians;
    const Vector3 up(0, -std::sin(tilt), std::cos(tilt));
    const Vector3 top = curve.patient_from_spine({high_s, 0, behind});
    const Vector3 bottom = curve.patient_from_spine({-14, 0, behind});
    const double length = (top - bottom).dot(up);
    const int count = std::max(5, static_cast<int>(length / step) + 1);
    for (int k = 0; k < count; ++k) {
      // Along the line from top to bottom, in planes `step` apart.
      const Vector3 centre = top + (bottom - top) * (k * step / length);
      slices.push_back(axial(slice, {0.5 * (top.x() + bottom.x()), centre.y(), centre.z()}, tilt));
      if (k > 0) {  // keep the in-plane shift out: a stack steps along its normal only
        const Vector3 first = slices.front().plane.position_patient;
        slices.back().plane.position_patient = first - k * step * up;
      }
    }
    // The stack is straight but the spine is not: centre it on the middle.
    const Vector3 middle = curve.patient_from_spine({0.5 * high_s, 0, behind});
    const Vector3 at_middle = slices[slices.size() / 2].plane.position_patient +
                              0.5 * field_of_view * (slices[0].plane.row_direction + slices[0].plane.column_direction);
    const double shift = (middle - at_middle).dot(slices[0].plane.column_direction);
    for (SlicePlan& one : slices) one.plane.position_patient += shift * one.plane.column_direction;
  } else {
    const int per_disc = stream.integer(5, 8);
    for (Level level : kLevels) {
      const double s = patient.discs[static_cast<size_t>(disc_of(level))].centre_s;
      const double tilt = forward_tilt(curve, s) + stream.normal(0, 2) * kRadians;
      const Vector3 up(0, -std::sin(tilt), std::cos(tilt));
      const Vector3 centre = curve.patient_from_spine({s + stream.normal(0, 1), 0, behind});
      for (int k = 0; k < per_disc; ++k) {
        slices.push_back(axial(slice, centre + step * (0.5 * (per_disc - 1) - k) * up, tilt));
      }
    }
  }
  if (stream.chance(0.2)) std::reverse(slices.begin(), slices.end());
  return slices;
}

}  // namespace

std::vector<SeriesPlan> draw_protocol(const PatientPlan& patient, const SpineCurve& curve,
                                      const ProtocolOptions& options, Stream& stream) {
  const double field_tesla = stream.chance(0.65) ? 1.5 : 3;
  // Loop model of a surface coil, corrected to an unknown degree by the machine (docs/sources.md, "Phantom: magnetic
  // resonance").
  const double coil_depth_mm = stream.chance(0.4) ? stream.uniform(80, 150) : stream.uniform(150, 500);
  const auto sagittal = sagittal_slices(patient, curve, options.sagittal_matrix, stream);
  std::vector<SeriesPlan> series;
  for (SeriesRole role : {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2}) {
    SeriesPlan plan;
    plan.role = role;
    const bool stir = role == SeriesRole::SagittalT2 && stream.chance(0.12);
    const Contrast contrast = role == SeriesRole::SagittalT1 ? Contrast::T1 : (stir ? Contrast::Stir : Contrast::T2);
    plan.sequence = draw_sequence(contrast, field_tesla, stream);
    plan.bandwidth_hz_per_px = std::round(field_tesla > 2 ? stream.uniform(250, 400) : stream.uniform(150, 250));
    plan.acquisition = draw_acquisition(plan.sequence, options, plan.bandwidth_hz_per_px, role != SeriesRole::AxialT2,
                                        coil_depth_mm, stream);
    plan.slices = role == SeriesRole::AxialT2 ? axial_slices(patient, curve, options.axial_matrix, stream) : sagittal;
    series.push_back(std::move(plan));
  }
  return series;
}

}  // namespace lumbargrade::phantom
