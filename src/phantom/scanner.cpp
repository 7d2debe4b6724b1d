#include "phantom/scanner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <unsupported/Eigen/FFT>

#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

using Complex = std::complex<float>;

/// Samples inside a voxel, in units of the voxel (column, row, slice). The first three decide whether it is uniform.
constexpr std::array<std::array<double, 3>, 8> kSamples = {{{0, 0, 0},
                                                            {.28, -.28, .36},
                                                            {-.28, .28, -.36},
                                                            {.1, .38, .2},
                                                            {-.38, -.1, .14},
                                                            {.36, .14, -.2},
                                                            {-.14, -.38, -.12},
                                                            {.0, .1, .44}}};

/// Water and fat in the field of view, before the machine's imperfections.
struct Object {
  std::vector<float> water, fat;
};

double texture_of(const Tissue& tissue, double grain) {
  return 1 + tissue.texture * grain;
}

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
  std::array<Material, kSamples.size()> materials;
  int count = 0;
};

Pixel sample_pixel(const Patient& patient, const Vector3& centre, const Vector3& column_step, const Vector3& row_step,
                   const Vector3& slice_step) {
  Pixel pixel;
  for (const auto& offset : kSamples) {
    const Vector3 point = centre + offset[0] * column_step + offset[1] * row_step + offset[2] * slice_step;
    pixel.materials[static_cast<size_t>(pixel.count++)] = patient.material_at(point);
    if (pixel.count == 3 && pixel.materials[0] == pixel.materials[1] && pixel.materials[0] == pixel.materials[2]) break;
  }
  return pixel;
}

class ObjectPainter {
 public:
  ObjectPainter(const Patient& patient, const SlicePlan& slice, std::span<const SeriesPlan* const> series)
      : patient_(patient),
        slice_(slice),
        series_(series),
        texture_stream_{patient.anatomy().plan().noise_key, 5},
        texture_(texture_stream_) {
    for (const SeriesPlan* plan : series) signals_.push_back(signals_of(patient.anatomy().tissues(), plan->sequence));
    column_step_ = slice.plane.row_direction * slice.plane.column_spacing_mm;
    row_step_ = slice.plane.column_direction * slice.plane.row_spacing_mm;
    slice_step_ = slice.plane.normal() * slice.thickness_mm;
  }

  std::vector<Object> paint() const {
    const auto size = static_cast<size_t>(slice_.rows) * static_cast<size_t>(slice_.columns);
    std::vector<Object> objects(series_.size(), Object{std::vector<float>(size), std::vector<float>(size)});
    for (int row = 0; row < slice_.rows; ++row) {
      for (int column = 0; column < slice_.columns; ++column) {
        paint_pixel(row, column,
                    static_cast<size_t>(row) * static_cast<size_t>(slice_.columns) + static_cast<size_t>(column),
                    objects);
      }
    }
    for (size_t i = 0; i < series_.size(); ++i) fold(series_[i]->acquisition, i, objects[i]);
    return objects;
  }

 private:
  void paint_pixel(int row, int column, size_t index, std::vector<Object>& objects) const {
    const Vector3 point = slice_.plane.position_patient + column * column_step_ + row * row_step_;
    const Pixel pixel = sample_pixel(patient_, point, column_step_, row_step_, slice_step_);
    if (pixel.count == 3 && pixel.materials[0] == 0) return;  // air
    const double depth = patient_.trunk().back_y(point.z()) - point.y();
    const SpinePoint at = patient_.spine_point(point);
    const double grain = 0.7 * texture_.at(point, 2.1) + 0.6 * texture_.at(point, 6.3) + 0.5 * texture_.at(point, 0.9);
    const double pulse = texture_.at({point.x(), point.y(), 0.4 * point.z()}, 5);
    for (size_t i = 0; i < series_.size(); ++i) {
      const AcquisitionPlan& plan = series_[i]->acquisition;
      double water = 0;
      double fat = 0;
      for (int k = 0; k < pixel.count; ++k) {
        const Material material = pixel.materials[static_cast<size_t>(k)];
        const Tissue& tissue = patient_.anatomy().tissues()[material];
        double strength = texture_of(tissue, grain);
        if (tissue.label == Label::Csf) strength *= 1 - plan.flow_void * std::max(0.0, 0.4 + pulse);
        water += strength * static_cast<double>(signals_[i][material].water);
        fat += strength * static_cast<double>(signals_[i][material].fat);
      }
      const double gain = coil_at(plan, depth, point) * saturation_at(plan, at) / pixel.count;
      objects[i].water[index] = static_cast<float>(gain * water);
      objects[i].fat[index] = static_cast<float>(gain * fat);
    }
  }

  /// Tissue just beyond the field of view along phase encoding appears on the other side.
  void fold(const AcquisitionPlan& plan, size_t i, Object& object) const {
    const double spacing = plan.phase_along_rows ? slice_.plane.column_spacing_mm : slice_.plane.row_spacing_mm;
    const int beyond = static_cast<int>(plan.wrap_mm / spacing);
    const int phase_count = plan.phase_along_rows ? slice_.columns : slice_.rows;
    const int read_count = plan.phase_along_rows ? slice_.rows : slice_.columns;
    for (int outside = -beyond; outside < phase_count + beyond; ++outside) {
      if (outside == 0) outside = phase_count;
      if (outside >= phase_count + beyond) break;
      const int inside = (outside + phase_count) % phase_count;
      for (int read = 0; read < read_count; ++read) {
        const int row = plan.phase_along_rows ? read : outside;
        const int column = plan.phase_along_rows ? outside : read;
        const Vector3 point = slice_.plane.position_patient + column * column_step_ + row * row_step_;
        const Material material = patient_.material_at(point);
        const double gain = coil_at(plan, patient_.trunk().back_y(point.z()) - point.y(), point);
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
  Stream texture_stream_;
  NoiseField texture_;
  std::vector<std::vector<Signal>> signals_;
  Vector3 column_step_, row_step_, slice_step_;
};

/// Two-dimensional transforms of one image; lines of length `columns`, `rows` of them.
class Fourier {
 public:
  Fourier(int rows, int columns) : rows_(rows), columns_(columns) {}

  void transform(std::vector<Complex>& image, bool forward) {
    std::vector<Complex> in(static_cast<size_t>(columns_)), out(static_cast<size_t>(columns_));
    for (int row = 0; row < rows_; ++row) {
      Complex* line = image.data() + static_cast<size_t>(row) * static_cast<size_t>(columns_);
      std::copy(line, line + columns_, in.begin());
      one(out, in, forward);
      std::copy(out.begin(), out.end(), line);
    }
    in.resize(static_cast<size_t>(rows_));
    out.resize(static_cast<size_t>(rows_));
    for (int column = 0; column < columns_; ++column) {
      for (int row = 0; row < rows_; ++row)
        in[static_cast<size_t>(row)] =
            image[static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column)];
      one(out, in, forward);
      for (int row = 0; row < rows_; ++row)
        image[static_cast<size_t>(row) * static_cast<size_t>(columns_) + static_cast<size_t>(column)] =
            out[static_cast<size_t>(row)];
    }
  }

 private:
  void one(std::vector<Complex>& out, const std::vector<Complex>& in, bool forward) {
    if (forward) {
      fft_.fwd(out.data(), in.data(), static_cast<Eigen::Index>(in.size()));
    } else {
      fft_.inv(out.data(), in.data(), static_cast<Eigen::Index>(in.size()));
    }
  }

  int rows_, columns_;
  Eigen::FFT<float> fft_;
};

/// Signed spatial frequency of bin `i` of `count`, in cycles per field of view.
int frequency(int i, int count) {
  return i <= count / 2 ? i : i - count;
}

/// Weight of a frequency at `share` of the acquired edge: one inside, falling over the last fifth (a mild filter leaves
/// some Gibbs ringing, as machines do).
double window(double share) {
  return share > 1 ? 0 : 1 - 0.6 * smooth_step(0.8, 1.0, share);
}

/// What the machine makes of an object: shifted fat, a finite and noisy k-space with motion between its lines,
/// magnitude.
SlicePixels acquire(const Object& object, int rows, int columns, const AcquisitionPlan& plan, Stream& stream) {
  const auto size = object.water.size();
  std::vector<Complex> image(size);
  const double whole = std::floor(plan.fat_shift_px);
  const auto share = static_cast<float>(plan.fat_shift_px - whole);
  const int shift = static_cast<int>(whole);
  const auto at = [&](int row, int column) {
    return static_cast<size_t>((row + rows) % rows) * static_cast<size_t>(columns) +
           static_cast<size_t>((column + columns) % columns);
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int dr = plan.phase_along_rows ? shift : 0;
      const int dc = plan.phase_along_rows ? 0 : shift;
      const int er = plan.phase_along_rows ? 1 : 0;
      const float fat = (1 - share) * object.fat[at(row - dr, column - dc)] +
                        share * object.fat[at(row - dr - er, column - dc - 1 + er)];
      image[at(row, column)] = object.water[at(row, column)] + fat;
    }
  }
  Fourier fourier(rows, columns);
  fourier.transform(image, true);
  const double row_edge = 0.5 * rows * (plan.phase_along_rows ? plan.read_share : plan.phase_share);
  const double column_edge = 0.5 * columns * (plan.phase_along_rows ? plan.phase_share : plan.read_share);
  // Noise of variance n^2 per displayed pixel when the whole k-space is filled (the transform sums `size` values).
  const double noise = plan.noise * std::sqrt(static_cast<double>(size)) / std::numbers::sqrt2 * 1.4;
  const double ghost_start = stream.uniform(0, 2 * std::numbers::pi);
  for (int row = 0; row < rows; ++row) {
    const double row_share = std::abs(frequency(row, rows)) / row_edge;
    for (int column = 0; column < columns; ++column) {
      const double column_share = std::abs(frequency(column, columns)) / column_edge;
      Complex& value = image[at(row, column)];
      if (row_share > 1 || column_share > 1) {
        value = 0;
        continue;
      }
      const int line = plan.phase_along_rows ? frequency(column, columns) : frequency(row, rows);
      const double motion =
          1 + plan.ghost * std::sin(2 * std::numbers::pi * line / plan.ghost_period_lines + ghost_start);
      const auto weight = static_cast<float>(window(row_share) * window(column_share));
      const Complex disturbance(static_cast<float>(noise * stream.normal()),
                                static_cast<float>(noise * stream.normal()));
      value = weight * (value * static_cast<float>(motion) + disturbance);
    }
  }
  fourier.transform(image, false);
  SlicePixels pixels(size);
  for (size_t i = 0; i < size; ++i) {
    const double stored = plan.grey_scale * static_cast<double>(std::abs(image[i]));
    pixels[i] = static_cast<std::uint16_t>(std::clamp(std::lround(stored), 0L, 4095L));
  }
  return pixels;
}

}  // namespace

Patient::Patient(const PatientPlan& plan, double field_tesla)
    : curve_(make_curve(plan)),
      anatomy_(plan, field_tesla),
      trunk_(plan, curve_),
      field_(curve_, plan.origin_patient + Vector3(-190, -240, -180), plan.origin_patient + Vector3(190, 190, 400)) {}

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
