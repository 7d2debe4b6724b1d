#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "geometry/grid.h"

class DcmDataset;

namespace lumbargrade::dicom {

/// How one frame's pixels are stored (PS3.3 C.7.6.3).
struct PixelFormat {
  int rows = 0;
  int columns = 0;
  int samples_per_pixel = 1;
  int bits_allocated = 0;
  int bits_stored = 0;
  int high_bit = 0;
  bool is_signed = false;
  std::string photometric;  ///< "MONOCHROME2"

  bool operator==(const PixelFormat&) const = default;
};

/// What may differ from frame to frame. Absent values stay absent: nothing is guessed.
struct Frame {
  int index = 0;                    ///< place in the instance's pixel data, from 0
  std::optional<ImagePlane> plane;  ///< absent when position, orientation or spacing is missing or malformed
  double rescale_slope = 1;
  double rescale_intercept = 0;
  std::optional<double> echo_time_ms;
  std::optional<double> b_value;  ///< s/mm²
  std::string image_type;         ///< "ORIGINAL\PRIMARY\M"
};

/// Everything the study needs to know about one DICOM file, and its pixels, still encoded.
struct Instance {
  std::filesystem::path file;
  std::string study_instance_uid;
  std::string series_instance_uid;
  std::string sop_instance_uid;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  std::string modality;
  std::string series_description;
  std::string protocol_name;
  std::string body_part;
  std::string manufacturer;
  std::string scanning_sequence;
  std::string sequence_name;
  std::string contrast_agent;
  int series_number = 0;
  int instance_number = 0;
  std::optional<double> repetition_time_ms;
  std::optional<double> inversion_time_ms;
  std::optional<double> slice_thickness_mm;
  PixelFormat format;
  std::vector<Frame> frames;            ///< empty when the object holds no image
  std::shared_ptr<DcmDataset> dataset;  ///< parsed file; reset when its pixels will not be needed
};

/// Parses one file held in memory. `file` is only the name used in messages. Throws Error when the bytes are no DICOM
/// or claim what they do not hold.
Instance parse_instance(std::span<const unsigned char> bytes, const std::filesystem::path& file);

/// Opens and reads the file once, then parses it.
Instance read_instance(const std::filesystem::path& file);

/// True when the bytes look like DICOM: the "DICM" prefix, or a data set that starts without preamble.
bool looks_like_dicom(std::span<const unsigned char> bytes);

}  // namespace lumbargrade::dicom
