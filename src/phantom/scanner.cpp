#include "phantom/scanner.h"

#include <algorithm>
#include <array>

#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

/// Samples inside a voxel, in units of the voxel (column, row, slice). The first three decide with the pixel's own
/// first look whether it is uniform.
constexpr std::array<std::array<double, 3>, 8> kSamples = {{{0, 0, .0625},
                                                            {.28, -.28, .3125},
                                                            {-.28, .28, -.3125},
                                                            {.1, .38, .1875},
                                                            {-.38, -.1, -.0625},
                                                            {.36, .14, -.1875},
                                                            {-.14, -.38, -.4375},
                                                            {.0, .1, .4375}}};

/// Depths of the pixels' first looks: neighbours look at different parts of the slice.
constexpr std::array<double, 3> kDepths = {0, .35, -.35};

/// Loss of signal towards the belly: a straight band in front of the column (saturation pulse).
double saturation_at(const AcquisitionPlan& plan, const SpinePoint& at) {
  const double front = -at.v - 26;
  return 1 - plan.saturation * smooth_step(0, 14, front) * (1 - 0.6 * smooth_step(70, 95, front));
}

double coil_at(const AcquisitionPlan& plan, double depth_mm, const Vector3& offset) {
  const double depth = std::max(0.0, depth_mm);
  const double near = 1 / (1 + square(depth / plan.coil_depth_mm));
  return near * std::clamp(1 + plan.shading_per_mm.dot(offset), 0.3, 1.7);
}

struct Pixel {
  std::array<Material, kSamples.size()> materials{};
  int count = 0;
};

class ObjectPainter {
 public:
  ObjectPainter(const Patient& patient, const SlicePlan& slice, std::span<const SeriesPlan* const> series)
      : patient_(patient), slice_(slice), series_(series), texture_(Stream{patient.anatomy().plan().noise_key, 5}) {
    for (const SeriesPlan* plan : series) signals_.push_back(signals_of(patient.anatomy().tissues(), plan->sequence));
    column_step_ = slice.plane.row_direction * slice.plane.column_spacing_mm;
    row_step_ = slice.plane.column_direction * slice.plane.row_spacing_mm;
    slice_step_ = slice.plane.normal() * slice.thickness_mm;
  }

  std::vector<Object> paint() const {
    const auto size = static_cast<size_t>(slice_.rows) * static_cast<size_t>(slice_.columns);
    std::vector<Object> objects(series_.size(), Object{std::vector<float>(size), std::vector<float>(size)});
    const std::vector<Material> first = first_looks();
    size_t index = 0;
    for (int row = 0; row < slice_.rows; ++row) {
      for (int column = 0; column < slice_.columns; ++column, ++index) {
        const Pixel pixel = sample_pixel(first, row, column, index);
        if (pixel.count > 3 || pixel.materials[0] != 0) paint_pixel(pixel, row, column, index, objects);
      }
    }
    for (size_t i = 0; i < series_.size(); ++i) fold(series_[i]->acquisition, i, objects[i]);
    return objects;
  }

 private:
  Vector3 point_at(int row, int column) const {
    return slice_.plane.position_patient + column * column_step_ + row * row_step_;
  }

  Material first_look(int row, int column) const {
    const double depth = kDepths[static_cast<size_t>(row + column / 2) % kDepths.size()];
    return patient_.material_at(point_at(row, column) + depth * slice_step_);
  }

  /// One look at every pixel; between four that agree there is nothing to look up.
  std::vector<Material> first_looks() const {
    const auto width = static_cast<size_t>(slice_.columns);
    std::vector<Material> first(static_cast<size_t>(slice_.rows) * width);
    const auto fill = [&](int parity, const auto& sample) {
      for (int row = 0; row < slice_.rows; ++row) {
        for (int column = (row + parity) % 2; column < slice_.columns; column += 2) {
          first[static_cast<size_t>(row) * width + static_cast<size_t>(column)] = sample(row, column);
        }
      }
    };
    fill(0, [&](int row, int column) { return first_look(row, column); });
    fill(1, [&](int row, int column) {
      const size_t index = static_cast<size_t>(row) * width + static_cast<size_t>(column);
      const bool inside = row > 0 && column > 0 && row + 1 < slice_.rows && column + 1 < slice_.columns;
      const bool agree = inside && first[index - 1] == first[index + 1] && first[index - 1] == first[index - width] &&
                         first[index - 1] == first[index + width];
      return agree ? first[index - 1] : first_look(row, column);
    });
    return first;
  }

  /// One material where the neighbours' first looks agree; else samples, as many as are needed.
  Pixel sample_pixel(const std::vector<Material>& first, int row, int column, size_t index) const {
    const auto width = static_cast<size_t>(slice_.columns);
    const auto differs = [&](size_t other) { return first[other] != first[index]; };
    const bool edge = (column > 0 && differs(index - 1)) || (column + 1 < slice_.columns && differs(index + 1)) ||
                      (row > 0 && differs(index - width)) || (row + 1 < slice_.rows && differs(index + width));
    Pixel pixel{{first[index]}, 1};
    if (!edge) return pixel;
    const Vector3 centre = point_at(row, column);
    bool uniform = true;
    pixel.count = 0;
    for (const auto& offset : kSamples) {
      const Vector3 point = centre + offset[0] * column_step_ + offset[1] * row_step_ + offset[2] * slice_step_;
      const Material material = patient_.material_at(point);
      pixel.materials[static_cast<size_t>(pixel.count++)] = material;
      uniform = uniform && material == first[index];
      if (uniform && pixel.count == 3) break;
    }
    return pixel;
  }

  void paint_pixel(const Pixel& pixel, int row, int column, size_t index, std::vector<Object>& objects) const {
    const Vector3 point = point_at(row, column);
    const double depth = patient_.trunk().back_y(point.z()) - point.y();
    const SpinePoint at = patient_.spine_point(point);
    // The field's standard deviation is .31, so that of the sum is 1.
    const double grain = 1.8 * texture_.at(point, 2.1) + 2.3 * texture_.at(point, 6.3) + 1.3 * texture_.at(point, 0.9);
    const auto is_fluid = [&](Material material) { return patient_.anatomy().tissues()[material].label == Label::Csf; };
    const bool fluid = std::any_of(pixel.materials.begin(), pixel.materials.begin() + pixel.count, is_fluid);
    const double pulse = fluid ? texture_.at({point.x(), point.y(), 0.4 * point.z()}, 5) : 0;
    for (size_t i = 0; i < series_.size(); ++i) {
      const AcquisitionPlan& plan = series_[i]->acquisition;
      double water = 0;
      double fat = 0;
      for (int k = 0; k < pixel.count; ++k) {
        const Material material = pixel.materials[static_cast<size_t>(k)];
        const Tissue& tissue = patient_.anatomy().tissues()[material];
        double strength = 1 + tissue.texture * grain;
        if (tissue.label == Label::Csf) strength *= 1 - plan.flow_void * std::max(0.0, 0.4 + pulse);
        water += strength * static_cast<double>(signals_[i][material].water);
        fat += strength * static_cast<double>(signals_[i][material].fat);
      }
      const double gain = coil_at(plan, depth, point) * saturation_at(plan, at) / pixel.count;
      objects[i].water[index] = static_cast<float>(gain * water);
      objects[i].fat[index] = static_cast<float>(gain * fat);
    }
  }

  /// Tissue just beyond the field of view along phase encoding appears on the other side; oversampling and the coil's
  /// reach leave at most half of it, and nothing `wrap_mm` away.
  void fold(const AcquisitionPlan& plan, size_t i, Object& object) const {
    const double spacing = plan.phase_along_rows ? slice_.plane.column_spacing_mm : slice_.plane.row_spacing_mm;
    const int beyond = static_cast<int>(plan.wrap_mm / spacing);
    const int phase_count = plan.phase_along_rows ? slice_.columns : slice_.rows;
    const int read_count = plan.phase_along_rows ? slice_.rows : slice_.columns;
    for (int k = 0; k < 2 * beyond; ++k) {
      const int outside = k < beyond ? k - beyond : phase_count + k - beyond;
      const int inside = (outside + phase_count) % phase_count;
      for (int read = 0; read < read_count; ++read) {
        const int row = plan.phase_along_rows ? read : outside;
        const int column = plan.phase_along_rows ? outside : read;
        const Vector3 point = point_at(row, column);
        const Material material = patient_.material_at(point);
        const double share = 0.5 * (1 - static_cast<double>(outside < 0 ? -outside : outside - phase_count) / beyond);
        const double gain = share * coil_at(plan, patient_.trunk().back_y(point.z()) - point.y(), point) *
                            saturation_at(plan, patient_.spine_point(point));
        const int in_row = plan.phase_along_rows ? read : inside;
        const int in_column = plan.phase_along_rows ? inside : read;
        const size_t index =
            static_cast<size_t>(in_row) * static_cast<size_t>(slice_.columns) + static_cast<size_t>(in_column);
        object.water[index] += static_cast<float>(gain) * signals_[i][material].water;
        object.fat[index] += static_cast<float>(gain) * signals_[i][material].fat;
      }
    }
  }

  const Patient& patient_;
  const SlicePlan& slice_;
  std::span<const SeriesPlan* const> series_;
  NoiseField texture_;
  std::vector<std::vector<Signal>> signals_;
  Vector3 column_step_, row_step_, slice_step_;
};

}  // namespace

Patient::Patient(const PatientPlan& plan, double field_tesla)
    : curve_(make_curve(plan)),
      anatomy_(plan, field_tesla),
      trunk_(plan, curve_),
      field_(curve_, plan.origin_patient + Vector3(-140, -240, -120), plan.origin_patient + Vector3(140, 180, 300)) {}

Material Patient::material_at(const Vector3& point_patient) const {
  if (const auto outside = trunk_.outside(point_patient)) return static_cast<Material>(*outside);
  return anatomy_.at(field_.at(point_patient));
}

std::vector<SlicePixels> image_slice(const Patient& patient, const SlicePlan& slice,
                                     std::span<const SeriesPlan* const> series, std::span<Stream> streams) {
  const ObjectPainter painter(patient, slice, series);
  const std::vector<Object> objects = painter.paint();
  std::vector<SlicePixels> images;
  for (size_t i = 0; i < series.size(); ++i) {
    images.push_back(acquire(objects[i], slice.rows, slice.columns, series[i]->acquisition, streams[i]));
  }
  return images;
}

SlicePixels label_slice(const Patient& patient, const SlicePlan& slice) {
  SlicePixels labels(static_cast<size_t>(slice.rows) * static_cast<size_t>(slice.columns));
  const Affine patient_from_index = slice.plane.patient_from_index();
  size_t next = 0;
  for (int row = 0; row < slice.rows; ++row) {
    for (int column = 0; column < slice.columns; ++column) {
      const Material material = patient.material_at(patient_from_index * Vector3(column, row, 0));
      labels[next++] = static_cast<std::uint16_t>(patient.anatomy().tissues()[material].label);
    }
  }
  return labels;
}

}  // namespace lumbargrade::phantom
