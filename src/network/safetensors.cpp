#include "network/safetensors.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/strict_json.h"

namespace lumbargrade {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors data are little-endian");

using nlohmann::json;

// The header of a network with ten thousand tensors has about 1 MB; the reference implementation allows 100 MB.
constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kLengthBytes = 8;
constexpr std::size_t kMaxDimensions = 8;
constexpr int kMaxHeaderDepth = 3;  // {name: {"shape": [...]}}
// No tensor that fits any memory has more elements, and products of sizes up to here cannot overflow 64 bits.
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 48;
constexpr const char* kMetadataKey = "__metadata__";

struct DtypeName {
  const char* name;
  at::ScalarType dtype;
};
// In the order in which the reference implementation lays tensors out: wide ones first, so that each is aligned.
constexpr std::array<DtypeName, 9> kDtypes = {{{"I64", at::kLong},
                                               {"F64", at::kDouble},
                                               {"F32", at::kFloat},
                                               {"I32", at::kInt},
                                               {"BF16", at::kBFloat16},
                                               {"F16", at::kHalf},
                                               {"I16", at::kShort},
                                               {"I8", at::kChar},
                                               {"U8", at::kByte}}};

[[noreturn]] void refuse_file(std::string_view what, const std::string& why) {
  throw Error(ErrorKind::BundleInvalid, text(what, " is not a valid safetensors file: ", why));
}

std::string quoted(const std::string& name) {
  return "tensor \"" + name + "\"";
}

/// Turns one entry of the header into a TensorEntry.
class EntryParser {
 public:
  EntryParser(std::string_view what, const std::string& name, const json& entry)
      : what_(what), name_(name), entry_(entry) {}

  TensorEntry parse() const {
    check_keys();
    const auto [begin, end] = offsets();
    TensorEntry result{name_, dtype(), shape(), begin, end};
    check_length(result);
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const { refuse_file(what_, quoted(name_) + " " + why); }

  void check_keys() const {
    if (!entry_.is_object()) fail("is not described by an object");
    for (const char* key : {"dtype", "shape", "data_offsets"}) {
      if (!entry_.contains(key)) fail(text("has no \"", key, "\""));
    }
    if (entry_.size() != 3) fail("has keys besides dtype, shape and data_offsets");
  }

  at::ScalarType dtype() const {
    const json& value = entry_["dtype"];
    for (const DtypeName& known : kDtypes) {
      if (value == known.name) return known.dtype;
    }
    fail("has the unknown dtype " + value.dump());
  }

  std::uint64_t unsigned_integer(const json& value, const char* key) const {
    if (!value.is_number_unsigned()) fail(text("has a \"", key, "\" that is not a whole number: ", value.dump()));
    return value.get<std::uint64_t>();
  }

  std::vector<std::int64_t> shape() const {
    const json& sizes = entry_["shape"];
    if (!sizes.is_array()) fail("has a \"shape\" that is not a list");
    if (sizes.size() > kMaxDimensions) fail(text("has ", sizes.size(), " dimensions, more than ", kMaxDimensions));
    std::vector<std::int64_t> result;
    std::uint64_t elements = 1;  // counting an empty dimension as 1: strides are computed from the others
    for (const json& size : sizes) {
      const std::uint64_t count = unsigned_integer(size, "shape");
      if (count > kMaxElements / elements) fail("has a shape too large for any memory: " + sizes.dump());
      elements *= std::max<std::uint64_t>(count, 1);
      result.push_back(static_cast<std::int64_t>(count));
    }
    return result;
  }

  std::pair<std::uint64_t, std::uint64_t> offsets() const {
    const json& pair = entry_["data_offsets"];
    if (!pair.is_array() || pair.size() != 2) fail("has \"data_offsets\" that are not two numbers");
    return {unsigned_integer(pair[0], "data_offsets"), unsigned_integer(pair[1], "data_offsets")};
  }

  void check_length(const TensorEntry& entry) const {
    std::uint64_t expected = at::elementSize(entry.dtype);
    for (const std::int64_t size : entry.shape) expected *= static_cast<std::uint64_t>(size);
    if (entry.end < entry.begin || entry.end - entry.begin != expected) {
      fail(
          text("needs ", expected, " bytes for its shape and dtype, its offsets are ", entry.begin, " to ", entry.end));
    }
  }

  std::string_view what_;
  const std::string& name_;
  const json& entry_;
};

std::map<std::string, std::string> parse_metadata(const json& metadata, std::string_view what) {
  if (!metadata.is_object()) refuse_file(what, "its metadata are not an object");
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : metadata.items()) {
    if (!value.is_string()) refuse_file(what, "metadata \"" + key + "\" is not a string");
    result.emplace(key, value.get<std::string>());
  }
  return result;
}

void check_cover(const std::vector<TensorEntry>& entries, std::uint64_t data_bytes, std::string_view what) {
  std::uint64_t position = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin < position) refuse_file(what, quoted(entry.name) + " overlaps the one before it");
    if (entry.begin > position) refuse_file(what, text("unused bytes before ", quoted(entry.name)));
    if (entry.end > data_bytes) refuse_file(what, quoted(entry.name) + " reaches beyond the end of the file");
    position = entry.end;
  }
  if (position != data_bytes) refuse_file(what, text(data_bytes - position, " unused bytes after the last tensor"));
}

/// Checks the JSON header against the number of data bytes that follow it.
SafetensorsHeader parse_header(std::string_view text_of_header, std::uint64_t data_bytes, std::string_view what) {
  const json header =
      parse_strict_json(text_of_header, {text("header of ", what), ErrorKind::BundleInvalid}, kMaxHeaderDepth);
  if (!header.is_object()) refuse_file(what, "its header is not an object");
  SafetensorsHeader result;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadataKey) {
      result.metadata = parse_metadata(entry, what);
    } else {
      result.entries.push_back(EntryParser(what, name, entry).parse());
    }
  }
  std::stable_sort(result.entries.begin(), result.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  check_cover(result.entries, data_bytes, what);
  return result;
}

/// A file positioned behind its header.
struct OpenSafetensors {
  std::ifstream file;
  SafetensorsHeader header;
};

std::uint64_t header_length(std::ifstream& file, std::uint64_t file_bytes, std::string_view what) {
  std::uint64_t length = 0;
  if (file_bytes < kLengthBytes || !file.read(reinterpret_cast<char*>(&length), kLengthBytes)) {
    refuse_file(what, text("only ", file_bytes, " bytes long"));
  }
  if (length > kMaxHeaderBytes) refuse_file(what, text("header of ", length, " bytes, more than ", kMaxHeaderBytes));
  if (length > file_bytes - kLengthBytes) refuse_file(what, "its header reaches beyond the end of the file");
  return length;
}

OpenSafetensors open_safetensors(const std::filesystem::path& path) {
  const std::string what = path.string();
  std::error_code failure;
  if (!std::filesystem::is_regular_file(path, failure)) {  // a pipe would never end
    throw Error(ErrorKind::BundleInvalid, text("cannot read ", what, ": no such file"));
  }
  const std::uint64_t file_bytes = std::filesystem::file_size(path, failure);
  OpenSafetensors opened{std::ifstream(path, std::ios::binary), {}};
  if (failure || !opened.file) throw Error(ErrorKind::BundleInvalid, text("cannot read ", what));
  const std::uint64_t length = header_length(opened.file, file_bytes, what);
  std::string header(length, '\0');
  if (!opened.file.read(header.data(), static_cast<std::streamsize>(length))) refuse_file(what, "it became shorter");
  opened.header = parse_header(header, file_bytes - kLengthBytes - length, what);
  return opened;
}

at::Tensor read_tensor(std::ifstream& file, const TensorEntry& entry, std::string_view what) {
  at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.dtype));
  const auto count = static_cast<std::streamsize>(entry.end - entry.begin);
  if (count > 0 && !file.read(static_cast<char*>(tensor.data_ptr()), count)) refuse_file(what, "it became shorter");
  return tensor;
}

std::size_t dtype_rank(const TensorMap::value_type& item) {
  const auto& [name, tensor] = item;
  for (std::size_t rank = 0; rank < kDtypes.size(); ++rank) {
    if (kDtypes[rank].dtype == tensor.scalar_type()) return rank;
  }
  throw Error(ErrorKind::Failure, text(quoted(name), " has a dtype that safetensors files of ours do not hold: ",
                                       c10::toString(tensor.scalar_type())));
}

using NamedTensor = TensorMap::value_type;

std::vector<const NamedTensor*> in_file_order(const TensorMap& tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& item : tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(),
                   [](const NamedTensor* a, const NamedTensor* b) { return dtype_rank(*a) < dtype_rank(*b); });
  return order;
}

std::string make_header(const std::vector<const NamedTensor*>& order,
                        const std::map<std::string, std::string>& metadata) {
  json header = json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  std::uint64_t position = 0;
  for (const auto* item : order) {
    const auto& [name, tensor] = *item;
    if (name == kMetadataKey) throw Error(ErrorKind::Failure, "a tensor may not be named __metadata__");
    const std::uint64_t end = position + tensor.nbytes();
    header[name] = {
        {"dtype", kDtypes[dtype_rank(*item)].name}, {"shape", tensor.sizes().vec()}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string result = header.dump();
  result.append((kLengthBytes - result.size() % kLengthBytes) % kLengthBytes, ' ');  // aligns the data
  return result;
}

}  // namespace

TensorMap read_safetensors(const std::filesystem::path& path) {
  OpenSafetensors opened = open_safetensors(path);
  TensorMap tensors;
  for (const TensorEntry& entry : opened.header.entries) {
    tensors.emplace(entry.name, read_tensor(opened.file, entry, path.string()));
  }
  return tensors;
}

SafetensorsHeader read_safetensors_header(const std::filesystem::path& path) {
  return open_safetensors(path).header;
}

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const auto order = in_file_order(tensors);
  const std::string header = make_header(order, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(&length, kLengthBytes);
  file.write(header.data(), header.size());
  for (const auto* item : order) {
    const at::Tensor plain = item->second.detach().cpu().contiguous();
    file.write(plain.data_ptr(), plain.nbytes());
  }
  file.commit();
}

}  // namespace lumbargrade
