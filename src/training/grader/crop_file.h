#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "crops/crop.h"

namespace lumbargrade {

/// Bytes of one record: the pixels of all slices, then one byte per slice, 1 where there is one.
size_t record_bytes(const View& view, const CropMargin& margin);

/// The crops of one view of all samples, with their margins: records in a file that is mapped into memory.
class CropFile {
 public:
  CropFile(const std::filesystem::path& path, const View& view, const CropMargin& margin);

  int slices() const { return view_.slices + 2 * margin_.slices; }
  int size_px() const { return view_.size_px + 2 * margin_.pixels; }
  bool holds(size_t samples) const {
    const size_t record = record_bytes(view_, margin_);
    return bytes_ % record == 0 && bytes_ / record == samples;
  }
  const View& view() const { return view_; }
  const CropMargin& margin() const { return margin_; }

  const std::uint8_t* slice(size_t sample, int slice) const;  ///< size_px x size_px
  bool is_valid(size_t sample, int slice) const;
  /// The sample's record as it would be with this margin, which is no more than the file's.
  std::string inner_record(size_t sample, const CropMargin& margin) const;

 private:
  View view_;
  CropMargin margin_;
  size_t bytes_ = 0;
  std::shared_ptr<const std::uint8_t> data_;
};

}  // namespace lumbargrade
