#include "network/exported_program.h"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/error.h"
#include "core/printable_text.h"
#include "core/strict_json.h"
#include "network/exported_graph.h"
#include "network/zip_members.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr ZipBounds kPackageBounds{std::uint64_t{2} << 30, 50'000};
constexpr size_t kMaxProgramBytes = size_t{64} << 20;
constexpr int kMaxProgramDepth = 64;
constexpr int kSchemaMajor = 8;
constexpr int kFloat32 = 7;
constexpr const char* kProgram = "models/model.json";
constexpr const char* kFormat = "archive_format";
constexpr const char* kWeights = "data/weights/";
constexpr const char* kConstants = "data/constants/";
// What else torch.export.save writes: versions and an example that only Python reads.
const std::set<std::string> kPassedOver = {"archive_version",
                                           "byteorder",
                                           "version",
                                           ".data/serialization_id",
                                           ".data/version",
                                           ".format_version",
                                           ".storage_alignment",
                                           "data/sample_inputs/model.pt"};

/// Bytes of one number, by torch.export's code of the type. 0: not run.
size_t bytes_of_type(int dtype) {
  switch (dtype) {
    case 1:   // uint8
    case 2:   // int8
    case 12:  // bool
      return 1;
    case 3:   // int16
    case 6:   // float16
    case 13:  // bfloat16
      return 2;
    case 4:  // int32
    case 7:  // float32
      return 4;
    case 5:  // int64
    case 8:  // float64
      return 8;
    default:
      return 0;
  }
}

[[noreturn]] void fail_program(const std::string& why) {
  throw std::runtime_error(printable(why));
}

class ProgramReader {
 public:
  explicit ProgramReader(const fs::path& path) : path_(path) {}

  ExportedProgram run() {
    open(read_zip_members(path_, kPackageBounds));
    const json given = json_of(kProgram);
    const std::int64_t major = given.at("schema_version").at("major").get<std::int64_t>();
    if (major != kSchemaMajor) {
      fail_program(text("it is of version ", major, " of torch.export's schema, this program runs ", kSchemaMajor));
    }
    const json& module = given.at("graph_module");
    CheckedGraph checked = checked_graph(module.at("graph"), module.at("signature"));
    take_weights(checked.graph.at("tensor_values"), checked.weights, kWeights, "weights", result_.weight_records);
    take_weights(checked.graph.at("tensor_values"), checked.constants, kConstants, "constants",
                 result_.constant_records);
    describe(checked, given.at("range_constraints"));
    result_.program = program_json(given, std::move(checked));
    return std::move(result_);
  }

 private:
  /// Names lie below one folder, which has the package's name.
  void open(std::map<std::string, std::string> members) {
    const std::string& first = members.begin()->first;
    const std::string root = first.substr(0, first.find('/') + 1);
    for (auto& [name, bytes] : members) {
      if (root.empty() || !name.starts_with(root)) fail_program(text("its member ", name, " lies outside its folder"));
      const std::string record = name.substr(root.size());
      if (kPassedOver.contains(record)) continue;
      const bool known =
          record == kProgram || record == kFormat || record.starts_with(kWeights) || record.starts_with(kConstants);
      if (!known) fail_program(text("it holds ", record, ", which no network that torch.export.save writes needs"));
      members_.emplace(record, std::move(bytes));
    }
    if (!members_.contains(kFormat) || members_.at(kFormat) != "pt2" || !members_.contains(kProgram)) {
      fail_program("it holds no program; torch.export.save(torch.export.export(...), FILE) writes one");
    }
  }

  json json_of(const std::string& record) const {
    const auto found = members_.find(record);
    if (found == members_.end()) fail_program(text(record, " is missing"));
    if (found->second.size() > kMaxProgramBytes) fail_program(text(record, " is longer than any program"));
    return parse_strict_json(found->second, {text(path_.string(), ", ", record), ErrorKind::BundleInvalid},
                             kMaxProgramDepth);
  }

  /// Finds the bytes of every weight and holds them against its shape and type.
  void take_weights(const json& tensor_values, const std::map<std::string, std::string>& weights,
                    const std::string& folder, const std::string& kind, std::map<std::string, std::string>& records) {
    if (weights.empty()) return;
    const json config = json_of(text(folder, "model_", kind, "_config.json")).at("config");
    for (const auto& [name, state_name] : weights) {
      const auto entry = config.find(state_name);
      if (entry == config.end()) fail_program(text("it says nowhere where the tensor ", state_name, " is"));
      if (entry->at("use_pickle").get<bool>())
        fail_program(text("the tensor ", state_name, " is a pickle, which could run code"));
      const std::string record = folder + entry->at("path_name").get<std::string>();
      const CheckedTensor tensor = checked_tensor(tensor_values, name);
      check_bytes(tensor, state_name, record);
      if (!records.emplace(state_name, record).second) fail_program(text("it has the tensor ", state_name, " twice"));
    }
  }

  void check_bytes(const CheckedTensor& tensor, const std::string& state_name, const std::string& record) {
    const size_t each = bytes_of_type(tensor.dtype);
    if (each == 0) fail_program(text("the tensor ", state_name, " is of a type that this program does not run"));
    for (const auto& size : tensor.sizes) {
      if (!size) fail_program(text("the tensor ", state_name, " has a size that varies"));
    }
    if (!result_.records.contains(record)) {
      auto found = members_.find(record);
      if (found == members_.end()) fail_program(text("it lacks ", record, ", the tensor ", state_name));
      result_.records.emplace(record, std::move(found->second));
    }
    const std::uint64_t bytes = result_.records.at(record).size(), wanted = tensor.storage_elements * each;
    if (bytes != wanted)
      fail_program(text("the tensor ", state_name, " has ", bytes, " bytes, its shape asks for ", wanted));
  }

  void describe(const CheckedGraph& checked, const json& ranges) {
    const json& values = checked.graph.at("tensor_values");
    for (const std::string& name : checked.user_inputs) result_.inputs.push_back(described(values, name, "takes"));
    for (const std::string& name : checked.user_outputs) result_.outputs.push_back(described(values, name, "gives"));
    if (result_.inputs.empty()) fail_program("it takes nothing");
    const CheckedTensor first = checked_tensor(values, checked.user_inputs.front());
    if (first.sizes.empty()) fail_program("its first input is a single number");
    result_.rows.largest = first.sizes.front().value_or(kManyRows);
    result_.rows.smallest = first.sizes.front().value_or(1);
    const auto range = ranges.find(first.symbols.front());
    if (first.sizes.front() || range == ranges.end()) return;
    if (range->at("min_val").is_number_integer())
      result_.rows.smallest = std::max<std::int64_t>(1, range->at("min_val").get<std::int64_t>());
    if (range->at("max_val").is_number_integer())
      result_.rows.largest = std::min(kManyRows, range->at("max_val").get<std::int64_t>());
    if (result_.rows.smallest > result_.rows.largest) fail_program("its batch has no size at all");
  }

  static ExportedTensor described(const json& values, const std::string& name, const char* verb) {
    const CheckedTensor tensor = checked_tensor(values, name);
    if (tensor.dtype != kFloat32) fail_program(text("it ", verb, " ", name, " as something other than float32"));
    return {name, tensor.sizes};
  }

  /// How the runner is told to lay out inputs and outputs: flat.
  static std::string tree(size_t leaves) {
    const json leaf = {{"type", nullptr}, {"context", nullptr}, {"children_spec", json::array()}};
    return json{1, {{"type", "builtins.tuple"}, {"context", "null"}, {"children_spec", json(leaves, leaf)}}}.dump();
  }

  static std::string input_tree(size_t leaves) {
    const json positional = json::parse(tree(leaves)).at(1);
    const json named = {{"type", "builtins.dict"}, {"context", "[]"}, {"children_spec", json::array()}};
    return json{1, {{"type", "builtins.tuple"}, {"context", "null"}, {"children_spec", {positional, named}}}}.dump();
  }

  static json program_json(const json& given, CheckedGraph checked) {
    const json call = {{"fqn", ""},
                       {"signature",
                        {{"inputs", json::array()},
                         {"outputs", json::array()},
                         {"in_spec", input_tree(checked.user_inputs.size())},
                         {"out_spec", tree(checked.user_outputs.size())},
                         {"forward_arg_names", json::array()}}}};
    json module = {{"graph", std::move(checked.graph)},
                   {"signature", std::move(checked.signature)},
                   {"module_call_graph", json::array({call})},
                   {"metadata", json::object()},
                   {"treespec_namedtuple_fields", json::object()}};
    const json& version = given.at("schema_version");
    return {{"graph_module", std::move(module)},
            {"opset_version", json::object()},
            {"range_constraints", json::object()},
            {"schema_version", {{"major", kSchemaMajor}, {"minor", version.at("minor").get<std::int64_t>()}}},
            {"verifiers", json::array()},
            {"torch_version", ""}};
  }

  static constexpr std::int64_t kManyRows = 4096;

  const fs::path& path_;
  std::map<std::string, std::string> members_;
  ExportedProgram result_;
};

}  // namespace

ExportedProgram read_exported_program(const fs::path& path) {
  try {
    return ProgramReader(path).run();
  } catch (const json::exception& error) {
    throw Error(ErrorKind::BundleInvalid, text(path.string(), " is not what torch.export.save writes: ", error.what()));
  } catch (const Error&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw Error(ErrorKind::BundleInvalid, text(path.string(), " is no network that can be run: ", error.what()));
  }
}

}  // namespace lumbargrade
