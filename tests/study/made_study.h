#pragma once

#include "dicom/made_dicom.h"

namespace lumbargrade {

/// A sagittal or axial series of small images, written as `folder/<n>.dcm`.
struct MadeSeries {
  std::string folder = "1";
  std::string series_uid = "1.2.3.1";
  std::string study_uid = "1.2.3";
  std::string description = "T2";
  ImagePlane first = {Vector3(-8, -10, 10), Vector3::UnitY(), -Vector3::UnitZ(), 1.0, 1.0};
  double step_mm = 4;
  int slices = 5;
  int first_number = 1;
  std::function<void(DcmDataset&, int slice)> change = [](DcmDataset&, int) {};
};

inline ImagePlane sagittal_plane(double x_mm = -8) {
  return {Vector3(x_mm, -10, 10), Vector3::UnitY(), -Vector3::UnitZ(), 1.0, 1.0};
}

/// An axial plane at height `z_mm`, tilted about the patient's left-right axis.
inline ImagePlane axial_plane(double z_mm, double tilt_degrees = 0) {
  const double angle = tilt_degrees * M_PI / 180;
  return {Vector3(-3, -4, z_mm), Vector3::UnitX(), Vector3(0, std::cos(angle), std::sin(angle)), 1.0, 1.0};
}

inline MadeImage made_slice(const MadeSeries& series, int slice) {
  MadeImage image;
  image.study_uid = series.study_uid;
  image.series_uid = series.series_uid;
  image.sop_uid = "1.2.3.1." + std::to_string(slice + 1);  // repeats across series, as the challenge's do
  image.description = series.description;
  image.instance_number = series.first_number + slice;
  image.plane = series.first;
  image.plane.position_patient += series.first.normal() * (series.step_mm * slice);
  image.change = [change = series.change, slice](DcmDataset& dataset) { change(dataset, slice); };
  return image;
}

inline void write_series(const std::filesystem::path& study, const MadeSeries& series) {
  for (int i = 0; i < series.slices; ++i) {
    write_image(study / series.folder / (std::to_string(series.first_number + i) + ".dcm"), made_slice(series, i));
  }
}

}  // namespace lumbargrade
