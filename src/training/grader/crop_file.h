#pragma once

#include <cstdint>
#include <filesystem>

#include "crops/crop.h"

namespace lumbargrade {

/// A file mapped into memory for reading.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const std::uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// The crops of one view of all samples, with their margins.
class CropFile {
 public:
  CropFile(const std::filesystem::path& path, const View& view, const CropMargin& margin);

  int slices() const { return view_.slices + 2 * margin_.slices; }
  int size_px() const { return view_.size_px + 2 * margin_.pixels; }
  size_t record_bytes() const;
  bool holds(size_t samples) const { return file_.size() == samples * record_bytes(); }
  const View& view() const { return view_; }
  const CropMargin& margin() const { return margin_; }

  const std::uint8_t* slice(size_t sample, int slice) const;  ///< size_px x size_px
  bool is_valid(size_t sample, int slice) const;

 private:
  View view_;
  CropMargin margin_;
  MappedFile file_;
};

}  // namespace lumbargrade
