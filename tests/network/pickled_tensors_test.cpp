#include "network/pickled_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "network/backbone_init.h"
#include "network/hostile_file.h"
#include "network/stored_zip.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;
using testing::HasSubstr;

const fs::path kPickled = fs::path(LUMBARGRADE_TEST_DATA) / "network/pickled.bin";

TEST(PickledTensorsTest, are_those_that_pytorch_saved) {
  const TensorMap expected = read_safetensors(fs::path(LUMBARGRADE_TEST_DATA) / "network/pickled.safetensors");
  const TensorMap tensors = read_pickled_tensors(kPickled);
  ASSERT_EQ(tensors.size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    EXPECT_EQ(tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(tensors.at(name).equal(tensor)) << name;
  }
}

using HostilePickle = HostileFile<read_pickled_tensors>;

TEST_F(HostilePickle, damaged_or_cut_off_anywhere_it_is_refused_or_harmless) {
  expect_no_harm_of(*file_text(kPickled), {97, 3, 0x41});
}

TEST_F(HostilePickle, programs_that_call_or_reach_beyond_are_refused) {
  const auto with_program = [&](const std::string& program) {
    write_zip(path_, {{"x/data.pkl", program}, {"x/data/0", std::string(8, 'x')}});
    return path_;
  };
  expect_refused(with_program("cos\nsystem\nX\4\0\0\0true\x85R."s), "it names os.system");
  expect_refused(with_program("cbuiltins\neval\n."), "it names builtins.eval");
  expect_refused(with_program("i"), "the instruction 105");
  expect_refused(with_program("K\1."), "a dictionary of tensors");
  expect_refused(with_program("}."), "it holds no tensor");
  expect_refused(with_program("R."), "takes what is not there");
  // Two floats lie in the record; the tensor asks for three.
  const std::string tensor = "}X\1\0\0\0ac"s + "torch._utils\n_rebuild_tensor_v2\n(" + "(X\7\0\0\0storage"s +
                             "ctorch\nFloatStorage\n" +
                             "X\1\0\0\0"
                             "0X\3\0\0\0cpuK\2tQ"s +
                             "K\0K\3\x85K\1\x85tRs."s;
  expect_refused(with_program(tensor), "reaches beyond the bytes of data/0");
  // As deep as it gets: values let go one by one.
  std::string deep = ")";
  for (int k = 0; k < 1'000'000; ++k) deep += '\x85';
  expect_refused(with_program(deep + "."), "a dictionary of tensors");
}

/// An entry of the dictionary on the stack: a view of record 0, whose sizes and strides are pickled tuples.
std::string entry(char name, const std::string& sizes, const std::string& strides) {
  return "X\1\0\0\0"s + name + "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\n"s +
         "X\1\0\0\0"
         "0X\3\0\0\0cpuK\0tQK\0"s +
         sizes + strides + "tRs";
}

TEST_F(HostilePickle, tensors_may_share_bytes_but_not_without_end) {
  const auto with_tensors = [&](int count) {
    std::string program = "}";
    for (int k = 0; k < count; ++k) program += entry(static_cast<char>('a' + k), "M\0\x40\x85"s, "K\1\x85");
    write_zip(path_, {{"x/data.pkl", program + "."}, {"x/data/0", std::string(4 * 0x4000, '\0')}});
  };
  with_tensors(2);
  const TensorMap tied = read_pickled_tensors(path_);
  EXPECT_TRUE(tied.at("a").equal(tied.at("b")));
  EXPECT_NE(tied.at("a").data_ptr(), tied.at("b").data_ptr());
  with_tensors(20);
  expect_refused(path_, "share their bytes too often");
}

TEST_F(HostilePickle, what_libtorch_refuses_is_told_with_the_files_name) {
  const std::string large = "\x8a\6\0\0\0\0\0\1"s;  // 2^40
  write_zip(path_, {{"x/data.pkl", "}" + entry('a', large + large + "K\0\x87"s, "K\1K\1K\1\x87") + "."},
                    {"x/data/0", std::string(8, 'x')}});
  expect_refused(path_, path_.string() + " holds no plain tensors");
}

TEST_F(HostilePickle, what_is_no_file_of_pytorch_is_refused) {
  std::ofstream(path_) << "cos\nsystem\n(S'true'\ntR.";
  expect_refused(path_, "not a valid package");
  expect_refused(fs::path(LUMBARGRADE_TEST_DATA) / "exported/channels.pt2", "it was not written by torch.save");
}

TEST(BackboneWeightsTest, are_found_in_a_folder_or_by_a_map) {
  const TemporaryFolder folder;
  fs::copy_file(kPickled, folder / "resnet18.bin");
  EXPECT_EQ(backbone_weights_file(folder.path(), "resnet18"), folder / "resnet18.bin");
  EXPECT_EQ(backbone_weights_file(kPickled, "resnet18"), kPickled);
  EXPECT_EQ(read_backbone_weights(folder / "resnet18.bin").size(), read_pickled_tensors(kPickled).size());
  std::ofstream(folder / "map.json") << R"({"resnet34": "resnet18.bin", "resnet18": "gone.bin"})";
  EXPECT_EQ(backbone_weights_file(folder / "map.json", "resnet34"), folder / "resnet18.bin");
  const auto fails = [](const fs::path& init, const std::string& backbone, const std::string& reason) {
    EXPECT_THAT([&] { backbone_weights_file(init, backbone); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
  };
  fails(folder.path(), "resnet34", "holds no resnet34.safetensors, .bin or .pth");
  fails(folder / "map.json", "resnet18", "resnet18 is no file");
  fails(folder / "map.json", "convnext_tiny", "convnext_tiny is missing");
}

}  // namespace
}  // namespace lumbargrade
