#include "network/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "core/atomic_file.h"
#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using ::testing::HasSubstr;

std::filesystem::path reference_file() {
  return std::filesystem::path(LUMBARGRADE_TEST_DATA) / "network/reference.safetensors";
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What follows the header of a safetensors file.
std::string data_of(const std::string& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return bytes.substr(8 + length);
}

/// The bytes of a safetensors file with this header and `data_bytes` zeros.
std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(data_bytes, '\0');
}

std::string refusal_of_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "hostile.safetensors", bytes);
  try {
    read_safetensors(folder / "hostile.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
    EXPECT_THAT(error.what(), HasSubstr("hostile.safetensors"));
    return error.what();
  }
  return "accepted";
}

std::string refusal(const std::string& header, std::size_t data_bytes) {
  return refusal_of_bytes(file_of(header, data_bytes));
}

std::string tensor(const std::string& shape, const std::string& offsets, const std::string& dtype = "F32") {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

// --- Against the reference implementation; the values are those of make_fixture.py.

TEST(Safetensors, ReadsEveryDtypeThatTheReferenceImplementationWrote) {
  const TensorMap read = read_safetensors(reference_file());
  ASSERT_EQ(read.size(), 9u);
  EXPECT_TRUE(read.at("conv.weight").equal(torch::arange(24, torch::kFloat).reshape({2, 3, 4}) / 8));
  EXPECT_TRUE(read.at("double").equal(torch::tensor({1.0 / 3, -2.5e300}, torch::kDouble)));
  EXPECT_TRUE(read.at("half").equal(torch::tensor({0.5, -65504.0}, torch::kHalf).reshape({1, 2})));
  EXPECT_TRUE(read.at("brain").equal(torch::tensor({1.0, -3.0, 0.15625}, torch::kBFloat16)));
  EXPECT_TRUE(read.at("long").equal(torch::tensor({-(int64_t{1} << 62), int64_t{7}}, torch::kLong)));
  EXPECT_TRUE(read.at("int").equal(torch::tensor({INT32_MIN, INT32_MAX}, torch::kInt).reshape({2, 1})));
  EXPECT_TRUE(read.at("byte").equal(torch::tensor({0, 255, 3}, torch::kByte)));
  EXPECT_TRUE(read.at("scalar").equal(torch::tensor(42, torch::kLong)));
  EXPECT_EQ(read.at("empty").sizes(), (std::vector<int64_t>{0, 3}));
}

TEST(Safetensors, ReadsTheMetadataThatTheReferenceImplementationWrote) {
  const SafetensorsHeader header = read_safetensors_header(reference_file());
  EXPECT_EQ(header.metadata.at("made_by"), "safetensors 0.5.3");
  EXPECT_EQ(header.metadata.at("ünï"), "\"quoted\"\n");
}

TEST(Safetensors, WritesTheSameDataBytesAsTheReferenceImplementation) {
  const TemporaryFolder folder;
  write_safetensors(folder / "copy", read_safetensors(reference_file()));
  EXPECT_EQ(data_of(content_of(folder / "copy")), data_of(content_of(reference_file())));
}

// --- Writing.

TEST(Safetensors, WritesTheSameBytesForTheSameTensors) {
  const TemporaryFolder folder;
  const TensorMap tensors = read_safetensors(reference_file());
  write_safetensors(folder / "a", tensors, {{"x", "y"}});
  write_safetensors(folder / "b", tensors, {{"x", "y"}});
  EXPECT_EQ(content_of(folder / "a"), content_of(folder / "b"));
}

TEST(Safetensors, WritesTransposedTensorsInTheirLogicalOrder) {
  const TemporaryFolder folder;
  const torch::Tensor transposed = torch::arange(6, torch::kFloat).reshape({2, 3}).t();
  write_safetensors(folder / "a", {{"t", transposed}});
  EXPECT_TRUE(read_safetensors(folder / "a").at("t").equal(transposed));
}

TEST(Safetensors, RefusesToWriteADtypeWithoutAName) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder / "a", {{"z", torch::zeros({1}, torch::kComplexFloat)}}), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

// --- Hostile files.

TEST(Safetensors, AcceptsTheSmallestFile) {
  EXPECT_EQ(refusal("{}", 0), "accepted");
}

TEST(Safetensors, RefusesFilesTooShortForTheirHeader) {
  EXPECT_THAT(refusal_of_bytes(""), HasSubstr("only 0 bytes"));
  EXPECT_THAT(refusal_of_bytes("1234567"), HasSubstr("only 7 bytes"));
  EXPECT_THAT(refusal_of_bytes(file_of("{}", 0).substr(0, 9)), HasSubstr("beyond the end of the file"));
}

TEST(Safetensors, RefusesAHeaderOfHugeLengthBeforeAllocatingIt) {
  EXPECT_THAT(refusal_of_bytes(std::string(8, '\xff')), HasSubstr("header of 18446744073709551615 bytes"));
}

TEST(Safetensors, RefusesAHeaderThatIsNotAnObjectOfTensors) {
  EXPECT_THAT(refusal("{", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal("[]", 0), HasSubstr("not an object"));
  EXPECT_THAT(refusal(R"({"a":1})", 0), HasSubstr("\"a\" is not described by an object"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[]}})", 4), HasSubstr("has no \"data_offsets\""));
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":1}})", 0), HasSubstr("metadata \"a\" is not a string"));
}

TEST(Safetensors, RefusesUnknownKeysOfATensor) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"code":"x"}})", 4),
              HasSubstr("has keys besides"));
}

TEST(Safetensors, RefusesANameThatOccursTwice) {
  const std::string twice = "{\"a\":" + tensor("[1]", "[0,4]") + ",\"a\":" + tensor("[1]", "[4,8]") + "}";
  EXPECT_THAT(refusal(twice, 8), HasSubstr("key \"a\" occurs twice"));
}

TEST(Safetensors, RefusesUnknownDtypes) {
  EXPECT_THAT(refusal("{\"a\":" + tensor("[1]", "[0,4]", "F31") + "}", 4), HasSubstr("unknown dtype \"F31\""));
}

TEST(Safetensors, RefusesShapesThatAreNotCounts) {
  for (const char* shape : {"[-1]", "[1.0]", "[\"1\"]", "{}", "null", "[true]", "[1e3]"}) {
    EXPECT_THAT(refusal("{\"a\":" + tensor(shape, "[0,4]") + "}", 4), HasSubstr("\"shape\"")) << shape;
  }
}

TEST(Safetensors, RefusesShapesWhoseProductOverflows) {
  for (const char* shape : {"[4294967296,4294967296]", "[18446744073709551615]", "[0,9223372036854775807,4]"}) {
    EXPECT_THAT(refusal("{\"a\":" + tensor(shape, "[0,0]") + "}", 0), HasSubstr("too large")) << shape;
  }
}

TEST(Safetensors, RefusesTooManyDimensions) {
  EXPECT_THAT(refusal("{\"a\":" + tensor("[1,1,1,1,1,1,1,1,1]", "[0,4]") + "}", 4), HasSubstr("9 dimensions"));
}

TEST(Safetensors, RefusesOffsetsThatDisagreeWithTheShape) {
  for (const char* offsets : {"[0,3]", "[0,8]", "[4,0]", "[0,18446744073709551615]"}) {
    EXPECT_THAT(refusal("{\"a\":" + tensor("[1]", offsets) + "}", 8), HasSubstr("needs 4 bytes")) << offsets;
  }
  EXPECT_THAT(refusal("{\"a\":" + tensor("[1]", "[0,4,8]") + "}", 8), HasSubstr("not two numbers"));
  EXPECT_THAT(refusal("{\"a\":" + tensor("[1]", "[-4,0]") + "}", 8), HasSubstr("not a whole number"));
}

TEST(Safetensors, RefusesOverlapsGapsAndLooseEnds) {
  const std::string overlap = "{\"a\":" + tensor("[2]", "[0,8]") + ",\"b\":" + tensor("[2]", "[4,12]") + "}";
  EXPECT_THAT(refusal(overlap, 12), HasSubstr("\"b\" overlaps"));
  const std::string gap = "{\"a\":" + tensor("[1]", "[0,4]") + ",\"b\":" + tensor("[1]", "[8,12]") + "}";
  EXPECT_THAT(refusal(gap, 12), HasSubstr("unused bytes before tensor \"b\""));
  EXPECT_THAT(refusal("{\"a\":" + tensor("[1]", "[0,4]") + "}", 9), HasSubstr("5 unused bytes after"));
  EXPECT_THAT(refusal("{\"a\":" + tensor("[2]", "[0,8]") + "}", 7), HasSubstr("beyond the end of the file"));
}

TEST(Safetensors, RefusesDeeplyNestedHeaders) {
  EXPECT_THAT(refusal(std::string(100'000, '['), 0), HasSubstr("nested deeper"));
}

TEST(Safetensors, RefusesAMissingFileAndAFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_safetensors(folder / "none"), Error);
  EXPECT_THROW(read_safetensors(folder.path()), Error);
}

TEST(Safetensors, RefusesEveryCutOfAGoodFile) {
  const std::string whole = content_of(reference_file());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_NE(refusal_of_bytes(whole.substr(0, length)), "accepted") << length;
  }
}

}  // namespace
}  // namespace lumbargrade
