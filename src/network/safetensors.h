#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lumbargrade {

/// Named tensors, such as the state of a network.
using TensorMap = std::map<std::string, at::Tensor>;

/// Where one tensor lies in a safetensors file. `begin` and `end` are bytes from the end of the header.
struct TensorEntry {
  std::string name;
  at::ScalarType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin;
  std::uint64_t end;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> entries;  ///< in the order of their bytes
  std::map<std::string, std::string> metadata;
};

/// Reads a safetensors file of dtypes F64, F32, F16, BF16, I64, I32, I16, I8 and U8 into CPU tensors of the same
/// dtypes. The file is treated as hostile: sizes are checked against its length before anything is allocated. Error of
/// kind BundleInvalid when the file is missing or is not exactly what the format says (the README of the safetensors
/// project): the header's entries cover the bytes after it exactly, with no gap, no overlap, nothing after the end,
/// every length equal to shape × dtype. Refused besides: a name that occurs twice, unknown keys and dtypes, more than
/// eight dimensions.
TensorMap read_safetensors(const std::filesystem::path& path);

/// The header alone.
SafetensorsHeader read_safetensors_header(const std::filesystem::path& path);

/// Writes `tensors` (any device, any strides) through an AtomicFile. The same tensors give the same bytes: entries are
/// ordered by dtype, wide ones first, then by name, as the reference implementation does.
/// Error of kind Failure when a dtype has no safetensors name or the disk refuses.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace lumbargrade
