#include "network/exported_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"
#include "network/exported_program.h"
#include "network/hostile_file.h"
#include "network/stored_zip.h"
#include "network/zip_members.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

constexpr double kTolerance = 1e-5;
constexpr ZipBounds kBounds{1U << 24, 1000};

fs::path example(const std::string& name) {
  return fs::path(LUMBARGRADE_TEST_DATA) / "exported" / name;
}

ExportedOptions options_of(const std::string& name) {
  if (name == "channels") return {{"first"}, {"first"}, SliceLayout::Channels, 1, false};
  if (name == "sequence") return {{"first"}, {"first", "first.valid"}, SliceLayout::Sequence, 1, false};
  if (name == "volume") return {{"first"}, {"first"}, SliceLayout::Volume, 1, false};
  if (name == "batch") return {{"first"}, {"first"}, SliceLayout::Batch, 3, true};
  return {{"first", "second"}, {"first", "second"}, SliceLayout::Sequence, 1, false};
}

/// The inputs of an example and what PyTorch answers.
std::pair<TensorMap, torch::Tensor> expected_of(const std::string& name) {
  TensorMap inputs;
  torch::Tensor grade;
  for (const auto& [key, tensor] : read_safetensors(example(name + ".safetensors"))) {
    if (key == "output.grade") grade = tensor;
    if (key.starts_with("input.")) inputs.emplace(key.substr(std::string("input.").size()), tensor);
  }
  return {inputs, grade};
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a - b).abs().max().item<double>();
}

class ExportedExample : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!runs_exported_networks()) GTEST_SKIP() << "this LibTorch has no runner";
  }
};

TEST_P(ExportedExample, answers_as_pytorch_does) {
  ExportedNetwork network(example(std::string(GetParam()) + ".pt2"), options_of(GetParam()));
  const auto [inputs, grade] = expected_of(GetParam());
  EXPECT_LT(largest_difference(network->forward(inputs), grade), kTolerance);
}

TEST_P(ExportedExample, answers_for_one_finding_and_for_none) {
  ExportedNetwork network(example(std::string(GetParam()) + ".pt2"), options_of(GetParam()));
  const auto [inputs, grade] = expected_of(GetParam());
  TensorMap one, none;
  for (const auto& [name, tensor] : inputs)
    one.emplace(name, tensor.narrow(0, 3, 1)), none.emplace(name, tensor.narrow(0, 0, 0));
  EXPECT_LT(largest_difference(network->forward(one), grade.narrow(0, 3, 1)), kTolerance);
  EXPECT_EQ(network->forward(none).sizes(), (std::vector<std::int64_t>{0, 3}));
}

INSTANTIATE_TEST_SUITE_P(layouts, ExportedExample,
                         testing::Values("channels", "sequence", "volume", "batch", "two_views"));

class HostilePackage : public HostileFile<read_exported_program> {
 protected:
  using Members = std::map<std::string, std::string>;

  Members members() const { return read_zip_members(example("channels.pt2"), kBounds); }
  fs::path write(const Members& members) const {
    write_zip(path_, {members.begin(), members.end()});
    return path_;
  }
  /// The example with another program.
  fs::path with_program(const std::function<void(json&)>& change) const {
    Members all = members();
    std::string& program = member(all, "models/model.json");
    json parsed = json::parse(program);
    change(parsed);
    program = parsed.dump();
    return write(all);
  }
  static std::string& member(Members& all, const std::string& ending) {
    for (auto& [name, bytes] : all) {
      if (name.ends_with(ending)) return bytes;
    }
    throw std::runtime_error("no member " + ending);
  }
  static json& nodes(json& program) { return program["graph_module"]["graph"]["nodes"]; }
};

TEST_F(HostilePackage, rewritten_unchanged_is_accepted) {
  const ExportedProgram program = read_exported_program(with_program([](json&) {}));
  EXPECT_EQ(program.inputs.size(), 1U);
  EXPECT_EQ(program.rows.smallest, 1);
  EXPECT_EQ(program.rows.largest, 64);
  size_t bytes = 0;
  for (const auto& [name, record] : program.records) bytes += record.size();
  EXPECT_EQ(bytes, sizeof(float) * (3 * 8 * 9 + 8 + 4 * 8 + 3 * 8 + 3 + 3) + sizeof(std::int64_t)) << "with a count";
}

TEST_F(HostilePackage, operators_that_read_files_draw_or_call_are_refused) {
  for (const char* target :
       {"torch.ops.aten.from_file.default", "torch.ops.aten.bernoulli.p", "torch.ops.aten.empty.memory_format",
        "torch.ops.aten.as_strided.default", "torch.ops.mine.custom.default", "torch.ops.higher_order.cond",
        "torch.ops.aten.add.out", "_operator.call", "os.system", "torch.ops.aten.add", ""}) {
    expect_refused(with_program([&](json& program) { nodes(program)[0]["target"] = target; }), "it uses the operator ");
  }
}

TEST_F(HostilePackage, what_is_no_tensor_is_refused) {
  const auto with_argument = [&](const json& argument) {
    return with_program([&](json& program) { nodes(program)[0]["inputs"][0]["arg"] = argument; });
  };
  expect_refused(with_argument({{"as_custom_obj", {{"name", "x"}, {"class_fqn", "y"}}}}), "of the kind as_custom_obj");
  expect_refused(with_argument({{"as_graph", {{"name", "x"}}}}), "of the kind as_graph");
  expect_refused(with_argument({{"as_tensor", {{"name", "nothing"}}}}), "nothing is used before it is made");
  expect_refused(with_argument({{"as_int", 1LL << 40}}), "is too large");
  expect_refused(with_argument({{"as_device", {{"type", "cuda"}, {"index", 0}}}}), "other than the CPU");
  expect_refused(with_argument(3), "no choice of one kind");
  expect_refused(with_argument({{"as_ints", json(5000, 1)}}), "too long");
}

TEST_F(HostilePackage, a_program_that_contradicts_itself_is_refused) {
  const auto graph = [](json& program) -> json& { return program["graph_module"]["graph"]; };
  const auto signature = [](json& program) -> json& { return program["graph_module"]["signature"]; };
  expect_refused(with_program([&](json& p) { signature(p)["input_specs"].erase(0); }), "other inputs than its graph");
  expect_refused(with_program([&](json& p) { nodes(p).push_back(nodes(p)[0]); }), "is made twice");
  expect_refused(with_program([&](json& p) { nodes(p) = "none"; }), "are no list");
  expect_refused(with_program([&](json& p) { p.erase("graph_module"); }), "is not what torch.export.save writes");
  expect_refused(with_program([&](json& p) { p["schema_version"]["major"] = 9; }), "of version 9");
  expect_refused(
      with_program([&](json& p) { graph(p)["outputs"] = json::array(), signature(p)["output_specs"] = json::array(); }),
      "gives nothing");
  expect_refused(
      with_program([&](json& p) {
        json mutation = {{"buffer_mutation", {{"arg", {{"name", "x"}}}, {"buffer_name", "norm.running_mean"}}}};
        signature(p)["output_specs"][0] = mutation;
      }),
      "changes its own weights");
  expect_refused(with_program([&](json& p) { nodes(p)[0]["target"] = "torch.ops.aten.add_.Tensor"; }),
                 "changes a weight or an input");
}

TEST_F(HostilePackage, weights_of_another_size_are_refused) {
  Members all = members();
  member(all, "data/weights/weight_0").pop_back();
  expect_refused(write(all), "its shape asks for");
  all = members();
  std::erase_if(all, [](const auto& item) { return item.first.ends_with("weights/weight_0"); });
  expect_refused(write(all), "it lacks data/weights/weight_0");
  all = members();
  std::string& config = member(all, "weights_config.json");
  json parsed = json::parse(config);
  parsed["config"].begin().value()["use_pickle"] = true;
  config = parsed.dump();
  expect_refused(write(all), "is a pickle");
  const auto resized = [&](const json& size) {
    return with_program([&](json& p) {
      auto& values = p["graph_module"]["graph"]["tensor_values"];
      values["p_conv_weight"]["sizes"][0] = {{"as_int", size}};
    });
  };
  expect_refused(resized(9), "its shape asks for");
  expect_refused(resized(-1), "has the size -1");
  expect_refused(resized(1LL << 31), "too large");
}

TEST_F(HostilePackage, zip_tricks_are_refused) {
  Members all = members();
  const std::string root = all.begin()->first.substr(0, all.begin()->first.find('/'));
  std::vector<std::pair<std::string, std::string>> twice(all.begin(), all.end());
  twice.push_back(twice.back());
  write_zip(path_, twice);
  expect_refused(path_, "twice");
  all[root + "/../climbs"] = "x";
  expect_refused(write(all), "leads out");
  all = members();
  all[root + "/data/aotinductor/model/code.so"] = "x";
  expect_refused(write(all), "which no network that torch.export.save writes needs");
  all = members();
  all["elsewhere/archive_format"] = "pt2";
  expect_refused(write(all), "outside its folder");
  all = members();
  all[root + "/data/weights/bomb"] = std::string(1U << 22, '\0');
  write_zip(path_, {all.begin(), all.end()}, true);
  expect_refused(path_, "unpacks to more than its own size");
  std::ofstream(path_) << "no zip at all";
  expect_refused(path_, "not a valid package");
  expect_refused(folder_.path() / "missing.pt2", "it is not a file");
}

TEST_F(HostilePackage, cut_off_or_damaged_anywhere_it_never_crashes) {
  const std::string whole = *file_text(example("channels.pt2"));
  expect_no_harm_of(whole, {whole.size() / 97, 211, 0x5A});
}

TEST(ExportedNetworkTest, other_inputs_than_declared_are_named) {
  if (!runs_exported_networks()) GTEST_SKIP() << "this LibTorch has no runner";
  const auto load = [](const ExportedOptions& options) { ExportedNetwork network(example("sequence.pt2"), options); };
  EXPECT_THAT(
      [&] {
        load({{"first"}, {"first"}, SliceLayout::Sequence, 1, false});
      },
      testing::ThrowsMessage<Error>(HasSubstr("takes 2 inputs, its parameters name 1")));
  ExportedNetwork network(example("channels.pt2"), options_of("channels"));
  const auto answer = [&](const std::vector<std::int64_t>& shape) {
    network->forward({{"first", torch::zeros(shape)}});
  };
  EXPECT_THAT(
      [&] {
        answer({1, 5, 16, 16});
      },
      testing::ThrowsMessage<c10::Error>(HasSubstr("takes slices as any x 3 x 16 x 16, not [1, 5, 16, 16]")));
  EXPECT_THAT([&] { network->forward({}); }, testing::ThrowsMessage<c10::Error>(HasSubstr("\"first\" is missing")));
}

}  // namespace
}  // namespace lumbargrade
