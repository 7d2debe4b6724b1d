#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "temporary_folder.h"
#include "volume/grid.h"

namespace lumbargrade {

/// A small MR image made for a test. `change` may edit the finished data set: remove tags, add sequences.
struct MadeImage {
  std::string study_uid = "1.2.3";
  std::string series_uid = "1.2.3.1";
  std::string sop_uid = "1.2.3.1.1";
  std::string description = "T2";
  int instance_number = 1;
  int rows = 8;
  int columns = 6;
  ImagePlane plane = {Vector3::Zero(), Vector3::UnitY(), -Vector3::UnitZ(), 1.0, 1.0};
  std::vector<uint16_t> pixels;  ///< rows * columns * frames; empty: a ramp that starts at `instance_number`
  int frames = 1;
  std::function<void(DcmDataset&)> change = [](DcmDataset&) {};
};

inline std::string decimal_string(std::initializer_list<double> values) {
  std::string joined;
  for (double value : values) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.10g", value);
    if (!joined.empty()) joined += '\\';
    joined += digits;
  }
  return joined;
}

inline void put(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  item.putAndInsertString(tag, value.c_str());
}

inline void put_plane(DcmItem& item, const ImagePlane& plane) {
  const Vector3& p = plane.position_patient;
  const Vector3& r = plane.row_direction;
  const Vector3& c = plane.column_direction;
  put(item, DCM_ImagePositionPatient, decimal_string({p.x(), p.y(), p.z()}));
  put(item, DCM_ImageOrientationPatient, decimal_string({r.x(), r.y(), r.z(), c.x(), c.y(), c.z()}));
  put(item, DCM_PixelSpacing, decimal_string({plane.row_spacing_mm, plane.column_spacing_mm}));
}

inline void put_pixels(DcmDataset& dataset, const MadeImage& image) {
  std::vector<uint16_t> pixels = image.pixels;
  const size_t count =
      static_cast<size_t>(image.rows) * static_cast<size_t>(image.columns) * static_cast<size_t>(image.frames);
  for (size_t i = pixels.size(); i < count; ++i) {
    pixels.push_back(static_cast<uint16_t>((static_cast<size_t>(image.instance_number) + i) % 4096));
  }
  dataset.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  put(dataset, DCM_PhotometricInterpretation, "MONOCHROME2");
  dataset.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(image.rows));
  dataset.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(image.columns));
  dataset.putAndInsertUint16(DCM_BitsAllocated, 16);
  dataset.putAndInsertUint16(DCM_BitsStored, 12);
  dataset.putAndInsertUint16(DCM_HighBit, 11);
  dataset.putAndInsertUint16(DCM_PixelRepresentation, 0);
  if (image.frames > 1) put(dataset, DCM_NumberOfFrames, std::to_string(image.frames));
  dataset.putAndInsertUint16Array(DCM_PixelData, pixels.data(), pixels.size());
}

inline void fill(DcmDataset& dataset, const MadeImage& image) {
  put(dataset, DCM_SOPClassUID, UID_MRImageStorage);
  put(dataset, DCM_SOPInstanceUID, image.sop_uid);
  put(dataset, DCM_Modality, "MR");
  put(dataset, DCM_StudyInstanceUID, image.study_uid);
  put(dataset, DCM_SeriesInstanceUID, image.series_uid);
  put(dataset, DCM_SeriesDescription, image.description);
  put(dataset, DCM_InstanceNumber, std::to_string(image.instance_number));
  put_plane(dataset, image.plane);
  put_pixels(dataset, image);
  image.change(dataset);
}

/// The file's bytes in the given transfer syntax (those without pixel compression).
inline std::vector<unsigned char> made_bytes(const MadeImage& image,
                                             E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
  DcmFileFormat file;
  fill(*file.getDataset(), image);
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "made.dcm";
  file.saveFile(path.c_str(), syntax);
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void write_bytes(const std::filesystem::path& path, const std::vector<unsigned char>& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline void write_image(const std::filesystem::path& path, const MadeImage& image) {
  write_bytes(path, made_bytes(image));
}

}  // namespace lumbargrade
