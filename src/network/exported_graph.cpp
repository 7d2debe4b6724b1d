#include "network/exported_graph.h"

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>

#include "core/error.h"
#include "core/printable_text.h"
#include "network/exported_program.h"

namespace lumbargrade {
namespace {

using nlohmann::json;

// Far above any network that grades crops.
constexpr size_t kMaxNodes = 100'000;
constexpr size_t kMaxArguments = 4096;  // of an operator, or in a list of one
constexpr size_t kMaxExportedDimensions = 8;
constexpr std::int64_t kMaxNumber = std::int64_t{1} << 31;
constexpr std::uint64_t kMaxExportedElements = std::uint64_t{1} << 34;
constexpr size_t kMaxString = 64;
constexpr size_t kMaxExpression = 4096;
constexpr const char* kCpu = "cpu";

[[noreturn]] void fail_graph(const std::string& why) {
  throw std::runtime_error(printable(why));
}

const json& list_in(const json& object, const char* key, size_t most) {
  const json& list = object.at(key);
  if (!list.is_array()) fail_graph(text("its ", key, " are no list"));
  if (list.size() > most) fail_graph(text("it has ", list.size(), " ", key, ", more than ", most));
  return list;
}

/// The one key of a choice such as {"as_int": 3}.
std::string tag_of(const json& choice) {
  if (!choice.is_object() || choice.size() != 1) fail_graph("an argument is no choice of one kind");
  return choice.begin().key();
}

std::int64_t whole_number(const json& value) {
  if (!value.is_number_integer()) fail_graph("a number is not whole");
  const auto number = value.get<std::int64_t>();
  const bool is_end = number == std::numeric_limits<std::int64_t>::max();  // "up to the end" of a slice
  if (!is_end && (number > kMaxNumber || number < -kMaxNumber))
    fail_graph(text("the number ", number, " is too large"));
  return number;
}

template <typename Check>
json list_checked(const json& list, const Check& check) {
  if (!list.is_array() || list.size() > kMaxArguments) fail_graph("an argument is no list, or too long a one");
  json checked = json::array();
  for (const json& item : list) checked.push_back(check(item));
  return checked;
}

/// A number, or "Infinity", "-Infinity", "NaN" in words.
json checked_float(const json& value) {
  if (value.is_number()) return value;
  const std::set<std::string> words = {"Infinity", "-Infinity", "NaN"};
  if (value.is_string() && words.contains(value.get<std::string>())) return value;
  fail_graph("an argument is no number");
}

json checked_boolean(const json& value) {
  if (!value.is_boolean()) fail_graph("an argument is neither true nor false");
  return value;
}

std::string checked_name(const json& value) {
  auto name = value.get<std::string>();
  if (name.empty() || name.size() > 256) fail_graph("a value has no name, or too long a one");
  return name;
}

json checked_device(const json& device) {
  if (device.at("type").get<std::string>() != kCpu)
    fail_graph("a tensor or operator names a device other than the CPU; export it there");
  return {{"type", kCpu}, {"index", nullptr}};
}

class GraphChecker {
 public:
  GraphChecker(const json& graph, const json& signature) : graph_(graph), signature_(signature) {}

  CheckedGraph run() {
    read_inputs();
    json nodes = json::array();
    for (const json& node : list_in(graph_, "nodes", kMaxNodes)) nodes.push_back(checked_node(node));
    read_outputs();
    checked_.graph = {{"inputs", std::move(inputs_)},       {"outputs", std::move(outputs_)},
                      {"nodes", std::move(nodes)},          {"tensor_values", tensor_values()},
                      {"sym_int_values", size_values()},    {"sym_bool_values", json::object()},
                      {"sym_float_values", json::object()}, {"custom_obj_values", json::object()},
                      {"is_single_tensor_return", false}};
    checked_.signature = {{"input_specs", std::move(input_specs_)}, {"output_specs", std::move(output_specs_)}};
    return std::move(checked_);
  }

 private:
  void read_inputs() {
    const json& inputs = list_in(graph_, "inputs", kMaxNodes);
    const json& specs = list_in(signature_, "input_specs", kMaxNodes);
    if (inputs.size() != specs.size()) fail_graph("its signature has other inputs than its graph");
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (tag_of(inputs[k]) != "as_tensor") fail_graph("it takes something other than tensors");
      const std::string name = made(inputs[k].at("as_tensor").at("name"));
      graph_inputs_.insert(name);
      inputs_.push_back({{"as_tensor", {{"name", name}}}});
      input_specs_.push_back(checked_input_spec(specs[k], name));
    }
  }

  json checked_input_spec(const json& spec, const std::string& name) {
    const std::string tag = tag_of(spec);
    const json& body = spec.at(tag);
    if (tag == "user_input") {
      if (checked_name(body.at("arg").at("as_tensor").at("name")) != name)
        fail_graph("its signature names other inputs");
      checked_.user_inputs.push_back(name);
      return {{tag, {{"arg", {{"as_tensor", {{"name", name}}}}}}}};
    }
    if (checked_name(body.at("arg").at("name")) != name) fail_graph("its signature names other inputs");
    const json argument = {{"name", name}};
    if (tag == "parameter") return weight(checked_.weights, tag, "parameter_name", body, argument);
    if (tag == "tensor_constant") return weight(checked_.constants, tag, "tensor_constant_name", body, argument);
    if (tag != "buffer") fail_graph(text("it takes a ", tag, ", which this program does not run"));
    const bool persistent = body.at("persistent").get<bool>();
    json buffer = weight(persistent ? checked_.weights : checked_.constants, tag, "buffer_name", body, argument);
    buffer["buffer"]["persistent"] = persistent;
    return buffer;
  }

  static json weight(std::map<std::string, std::string>& weights, const std::string& tag, const char* key,
                     const json& body, const json& argument) {
    const std::string state_name = checked_name(body.at(key));
    weights.emplace(argument.at("name").get<std::string>(), state_name);
    return {{tag, {{"arg", argument}, {key, state_name}}}};
  }

  json checked_node(const json& node) {
    const auto target = node.at("target").get<std::string>();
    if (!exported_operator_is_allowed(target)) {
      fail_graph(text("it uses the operator ", target.substr(0, 256), ", which this program does not run"));
    }
    json inputs = json::array();
    for (const json& input : list_in(node, "inputs", kMaxArguments)) {
      json argument = checked_argument(input.at("arg"));
      if (inputs.empty()) refuse_changed_weight(target, argument);
      json& added = inputs.emplace_back(json{{"name", checked_key(input.at("name"))}, {"arg", std::move(argument)}});
      if (input.contains("kind"))
        added["kind"] = input.at("kind").is_null() ? json(nullptr) : json(whole_number(input.at("kind")));
    }
    json outputs = json::array();
    for (const json& output : list_in(node, "outputs", kMaxArguments)) outputs.push_back(made_value(output));
    return {{"target", target},
            {"inputs", std::move(inputs)},
            {"outputs", std::move(outputs)},
            {"metadata", json::object()}};
  }

  static std::string checked_key(const json& value) {
    auto key = value.get<std::string>();
    if (key.size() > kMaxString) fail_graph("the name of an argument is too long");
    return key;
  }

  /// Operators that change their first argument, such as add_, may not change what belongs to the network.
  void refuse_changed_weight(const std::string& target, const json& argument) const {
    const std::string name = target.substr(0, target.rfind('.'));
    if (!name.ends_with('_') || !argument.contains("as_tensor")) return;
    if (graph_inputs_.contains(argument.at("as_tensor").at("name").get<std::string>())) {
      fail_graph(text("the operator ", target, " changes a weight or an input"));
    }
  }

  json checked_argument(const json& argument) const {
    const std::string tag = tag_of(argument);
    const json& value = argument.at(tag);
    if (tag == "as_none") return {{tag, true}};
    if (tag == "as_tensor") return {{tag, used(value, "name")}};
    const auto tensor = [this](const json& item) { return used(item, "name"); };
    if (tag == "as_tensors") return {{tag, list_checked(value, tensor)}};
    const auto optional = [this](const json& item) { return used_optional(item); };
    if (tag == "as_optional_tensor") return {{tag, optional(value)}};
    if (tag == "as_optional_tensors") return {{tag, list_checked(value, optional)}};
    const auto size = [this](const json& item) { return used_size(item); };
    if (tag == "as_sym_int") return {{tag, size(value)}};
    if (tag == "as_sym_ints") return {{tag, list_checked(value, size)}};
    if (tag == "as_int" || tag == "as_scalar_type" || tag == "as_memory_format" || tag == "as_layout") {
      return {{tag, whole_number(value)}};
    }
    if (tag == "as_ints") return {{tag, list_checked(value, whole_number)}};
    if (tag == "as_float") return {{tag, checked_float(value)}};
    if (tag == "as_floats") return {{tag, list_checked(value, checked_float)}};
    if (tag == "as_bool") return {{tag, checked_boolean(value)}};
    if (tag == "as_bools") return {{tag, list_checked(value, checked_boolean)}};
    if (tag == "as_device") return {{tag, checked_device(value)}};
    if (tag == "as_string") return {{tag, checked_key(value)}};
    fail_graph(text("an operator takes an argument of the kind ", tag.substr(0, kMaxString),
                    ", which this program does not run"));
  }

  json used(const json& argument, const char* key) const {
    const std::string name = checked_name(argument.at(key));
    if (!made_.contains(name)) fail_graph(text("the value ", name, " is used before it is made"));
    return {{key, name}};
  }

  json used_optional(const json& item) const {
    if (tag_of(item) == "as_none") return {{"as_none", true}};
    return {{"as_tensor", used(item.at("as_tensor"), "name")}};
  }

  json used_size(const json& size) const {
    if (tag_of(size) == "as_int") return {{"as_int", whole_number(size.at("as_int"))}};
    return used(size, "as_name");
  }

  json made_value(const json& output) {
    const std::string tag = tag_of(output);
    const json& value = output.at(tag);
    if (tag == "as_none") return {{tag, true}};
    if (tag == "as_tensor") return {{tag, {{"name", made(value.at("name"))}}}};
    if (tag == "as_sym_int") return {{tag, {{"as_name", sizes_.emplace_back(made(value.at("as_name")))}}}};
    if (tag == "as_sym_bool") return {{tag, {{"as_name", made(value.at("as_name"))}}}};
    if (tag != "as_tensors")
      fail_graph(text("an operator gives a ", tag.substr(0, kMaxString), ", which this program does not run"));
    if (!value.is_array() || value.size() > kMaxArguments) fail_graph("an operator gives too many tensors");
    json list = json::array();
    for (const json& item : value) list.push_back({{"name", made(item.at("name"))}});
    return {{tag, list}};
  }

  std::string made(const json& value) {
    std::string name = checked_name(value);
    if (!made_.insert(name).second) fail_graph(text("the value ", name, " is made twice"));
    return name;
  }

  void read_outputs() {
    const json& outputs = list_in(graph_, "outputs", kMaxArguments);
    const json& specs = list_in(signature_, "output_specs", kMaxArguments);
    if (outputs.size() != specs.size()) fail_graph("its signature has other outputs than its graph");
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (tag_of(specs[k]) != "user_output")
        fail_graph("it changes its own weights or inputs while it runs; export it in evaluation mode (model.eval())");
      if (tag_of(outputs[k]) != "as_tensor") fail_graph("it gives something other than tensors");
      const json argument = {{"as_tensor", used(outputs[k].at("as_tensor"), "name")}};
      checked_.user_outputs.push_back(argument.at("as_tensor").at("name").get<std::string>());
      outputs_.push_back(argument);
      output_specs_.push_back({{"user_output", {{"arg", argument}}}});
    }
    if (checked_.user_outputs.empty()) fail_graph("it gives nothing");
  }

  /// The runner needs types and sizes of what goes in, and of nothing else.
  json tensor_values() const {
    json kept = json::object();
    const json& given = graph_.at("tensor_values");
    const auto keep = [&](const std::string& name) {
      checked_tensor(given, name);
      json entry = {{"device", checked_device(given.at(name).at("device"))}};
      for (const char* key : {"dtype", "sizes", "requires_grad", "strides", "storage_offset", "layout"}) {
        entry[key] = given.at(name).at(key);
      }
      kept[name] = std::move(entry);
    };
    for (const std::string& name : graph_inputs_) keep(name);
    for (const std::string& name : checked_.user_outputs) {
      if (!graph_inputs_.contains(name)) keep(name);
    }
    return kept;
  }

  json size_values() const {
    json kept = json::object();
    for (const std::string& name : sizes_) {
      kept[name] = {{"as_expr", {{"expr_str", name}, {"hint", nullptr}}}};
    }
    return kept;
  }

  const json& graph_;
  const json& signature_;
  std::set<std::string> made_;  // values: each made once and before it is used
  std::set<std::string> graph_inputs_;
  std::vector<std::string> sizes_;
  json inputs_ = json::array(), outputs_ = json::array();
  json input_specs_ = json::array(), output_specs_ = json::array();
  CheckedGraph checked_;
};

/// One of {"as_int": 3} and {"as_expr": {"expr_str": "s0", ...}}.
std::optional<std::int64_t> size_of(const json& size, std::string* symbol = nullptr) {
  const std::string tag = tag_of(size);
  if (tag == "as_int") {
    const std::int64_t number = whole_number(size.at(tag));
    if (number < 0 || number > kMaxNumber) fail_graph(text("a tensor has the size ", number));
    return number;
  }
  if (tag != "as_expr") fail_graph("a size is neither a number nor an expression");
  // "Symbol('s0', positive=True, integer=True)", or an expression of several.
  const auto expression = size.at(tag).at("expr_str").get<std::string>();
  if (expression.size() > kMaxExpression) fail_graph("the expression of a size is too long");
  const std::string prefix = "Symbol('";
  const size_t end = expression.find('\'', prefix.size());
  if (symbol != nullptr && expression.starts_with(prefix) && end != std::string::npos)
    *symbol = expression.substr(prefix.size(), end - prefix.size());
  return std::nullopt;
}

}  // namespace

CheckedTensor checked_tensor(const json& tensor_values, const std::string& name) {
  const json& entry = tensor_values.at(name);
  CheckedTensor tensor;
  tensor.dtype = static_cast<int>(whole_number(entry.at("dtype")));
  const json& sizes = list_in(entry, "sizes", kMaxExportedDimensions);
  const json& strides = list_in(entry, "strides", kMaxExportedDimensions);
  if (sizes.size() != strides.size()) fail_graph(text("the tensor ", name, " has other strides than sizes"));
  std::uint64_t reached = 1;
  bool fixed = true, empty = false;
  for (size_t k = 0; k < sizes.size(); ++k) {
    tensor.sizes.push_back(size_of(sizes[k], &tensor.symbols.emplace_back()));
    const auto stride = size_of(strides[k]);
    fixed = fixed && tensor.sizes.back() && stride;
    if (!fixed) continue;
    empty = empty || *tensor.sizes.back() == 0;
    // Both are at most 2^31: their product fits.
    reached += static_cast<std::uint64_t>(std::max<std::int64_t>(*tensor.sizes.back() - 1, 0)) *
               static_cast<std::uint64_t>(*stride);
    if (reached > kMaxExportedElements) fail_graph(text("the tensor ", name, " is too large"));
  }
  tensor.storage_elements = fixed && !empty ? reached : 0;
  const auto offset = size_of(entry.at("storage_offset"));
  if (!offset || *offset != 0) fail_graph(text("the tensor ", name, " begins within another one"));
  return tensor;
}

CheckedGraph checked_graph(const json& graph, const json& signature) {
  return GraphChecker(graph, signature).run();
}

}  // namespace lumbargrade
