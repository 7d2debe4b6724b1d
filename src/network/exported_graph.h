#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lumbargrade {

/// A checked graph of torch.export: JSON rebuilt from the keys that were looked at, and what follows from them.
struct CheckedGraph {
  nlohmann::json graph;
  nlohmann::json signature;
  /// Graph inputs that are weights: name in the graph to its name in the state, by where the package keeps it.
  std::map<std::string, std::string> weights;    ///< parameters and persistent buffers
  std::map<std::string, std::string> constants;  ///< other buffers and constant tensors
  std::vector<std::string> user_inputs;          ///< names in the graph, in order
  std::vector<std::string> user_outputs;
};

/// Sizes, type and layout of a tensor in the graph.
struct CheckedTensor {
  std::vector<std::optional<std::int64_t>> sizes;  ///< empty: varies
  std::vector<std::string> symbols;                ///< by size: the symbol that it is; empty: a number or an expression
  int dtype = 0;                                   ///< of torch.export's schema: 7 is float32
  std::uint64_t storage_elements = 0;              ///< that its strides reach; 0 where a size varies
};

/// Checks `graph` and `signature` of a program's graph module as read_exported_program says. Throws std::runtime_error
/// with the reason, or what nlohmann::json throws where a key is missing or of another type.
CheckedGraph checked_graph(const nlohmann::json& graph, const nlohmann::json& signature);

/// The tensor's entry in `tensor_values`. Throws as checked_graph.
CheckedTensor checked_tensor(const nlohmann::json& tensor_values, const std::string& name);

}  // namespace lumbargrade
