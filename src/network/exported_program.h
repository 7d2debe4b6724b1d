#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lumbargrade {

/// One tensor that an exported network takes or gives. A size is empty where it may vary.
struct ExportedTensor {
  std::string name;
  std::vector<std::optional<std::int64_t>> sizes;
};

/// How large a varying size may be.
struct SizeRange {
  std::int64_t smallest = 1;
  std::int64_t largest = 0;
};

/// A network that PyTorch's torch.export.save wrote (a .pt2 file): data, no code, and here only what has been looked
/// at. See read_exported_program.
struct ExportedProgram {
  nlohmann::json program;  ///< graph and signature, rebuilt from the keys that were checked
  /// By name in the graph: where a weight's bytes are in `records`.
  std::map<std::string, std::string> weight_records, constant_records;
  std::map<std::string, std::string> records;  ///< the bytes of weights and constants by record
  std::vector<ExportedTensor> inputs;          ///< the arguments of the network's forward, in order
  std::vector<ExportedTensor> outputs;
  SizeRange rows;  ///< of the first size of the first input, where that varies
};

/// Reads and checks a .pt2 file. It is taken as hostile, and what LibTorch is given to run is only what is found here
/// (`exported_network.h`), so that no second reader can see anything else in it. Error (BundleInvalid) that names the
/// file and, where it has one, the operator, tensor or record, when
/// - the zip is not valid (read_zip_members), or its program is no JSON of torch.export's schema 8;
/// - an operator is none of exported_operator_is_allowed, or an argument is a subgraph, an object, a device other than
///   the CPU or a number beyond bounds; a value is used before it is made or made twice;
/// - the network changes its own weights, takes anything but tensors or gives anything but tensors;
/// - a weight's bytes are not as many as its shape and type say, or its values are stored as a pickle.
ExportedProgram read_exported_program(const std::filesystem::path& path);

/// Whether an exported network may use this operator, as in "torch.ops.aten.conv2d.default": computations of tensors
/// whose result depends on their arguments alone, and the arithmetic of sizes. Left out is what draws random numbers,
/// reads files, returns uninitialised memory, looks at memory through strides of its own, or holds a subgraph.
bool exported_operator_is_allowed(const std::string& target);

}  // namespace lumbargrade
