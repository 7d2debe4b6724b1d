#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "dicom/structure.h"
#include "volume/grid.h"

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
  std::string photometric;         ///< "MONOCHROME2"
  std::optional<int> padding_low;  ///< stored values that stand for no image (PixelPaddingValue and its range limit)
  std::optional<int> padding_high;
};

/// What makes images of one place differ on purpose. Absent values stay absent.
struct Contrast {
  std::optional<double> echo_time_ms;
  std::optional<double> b_value;  ///< s/mm²
  std::string image_type;         ///< "ORIGINAL\PRIMARY\M"
  int temporal_position = 0;      ///< 0 when not told
  int echo_number = 0;            ///< 0 when not told
};

/// What may differ from frame to frame.
struct Frame {
  int index = 0;                    ///< place in the instance's pixel data, from 0
  std::optional<ImagePlane> plane;  ///< absent when position, orientation or spacing is missing or malformed
  std::string plane_problem;        ///< which of them, when absent
  double slope = 1;                 ///< of the modality's units; Philips' private scaling included
  double intercept = 0;
  Contrast contrast;
};

/// The pixels of one file, still encoded.
struct EncodedPixels {
  std::vector<unsigned char> storage;               ///< the file, or its inflated data set
  Structure structure;                              ///< spans into `storage`
  std::vector<std::vector<Bytes>> frame_fragments;  ///< of compressed pixels: those of each frame
  MemoryShare memory;                               ///< of `storage`
};

/// Bytes of a file, and the memory set apart for them.
struct CountedBytes {
  CountedBytes(std::vector<unsigned char> all, MemoryShare share = nullptr)  // NOLINT: bytes that nobody counts
      : bytes(std::move(all)), memory(std::move(share)) {}

  std::vector<unsigned char> bytes;
  MemoryShare memory;
};

/// Everything a study needs to know about one DICOM file. Text is UTF-8.
struct Instance {
  std::filesystem::path file;
  std::string patient_id;
  std::string patient_name;
  std::string patient_birth_date;
  std::string study_instance_uid;
  std::string series_instance_uid;
  std::string sop_instance_uid;
  std::string sop_class_uid;
  std::string transfer_syntax_uid;
  std::string modality;
  std::string series_description;
  std::string protocol_name;
  std::string body_part;
  std::string scanning_sequence;  ///< "SE", "GR", "EP\SE"
  std::string sequence_name;
  std::string contrast_agent;
  int series_number = 0;
  int instance_number = 0;
  std::optional<double> repetition_time_ms;
  std::optional<double> inversion_time_ms;
  std::optional<double> slice_thickness_mm;
  PixelFormat format;
  std::vector<Frame> frames;       ///< empty when the object holds no image
  std::string pixel_problem;       ///< why the pixels cannot be decoded; empty when they can
  std::vector<std::string> notes;  ///< what was corrected or taken otherwise than the header says, without file name
  std::shared_ptr<const EncodedPixels> pixels;  ///< reset when they will not be needed
  MemoryShare memory;                           ///< of `frames`
};

/// Parses one file. `file` is only the name used in messages. Throws Error when the bytes are no DICOM, break off, or
/// claim more pixels than they hold or than memory does; MemoryExceeded when the study as a whole takes too much of
/// `budget` (none: not counted). Pixels that merely cannot be decoded are no error here: see pixel_problem.
Instance parse_instance(CountedBytes bytes, const std::filesystem::path& file, const MemoryBudgetPointer& budget = {});

/// Opens and reads the file once; nothing when its first bytes are not DICOM's. Throws Error when it cannot be read,
/// MemoryExceeded before it is.
std::optional<CountedBytes> read_dicom_bytes(const std::filesystem::path& file, const MemoryBudgetPointer& budget = {});

/// Reads and parses one file.
Instance read_instance(const std::filesystem::path& file);

}  // namespace lumbargrade::dicom
