// Files that were made to crash, hang or exhaust a reader: each is an Error, soon and in little memory. Others of the
// kind are in structure_test.cpp (nesting), frames_test.cpp (frames and elements) and tests/study/limits_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "dicom/made_dicom.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

using testing::HasSubstr;

std::string refusal_of_bytes(const std::vector<unsigned char>& bytes) {
  try {
    decode_all(parse_instance(bytes, "hostile.dcm", MemoryBudget::of_mib(MemoryBudget::kDefault_mib)));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string refusal_of_hostile(const std::string& name) {
  return refusal_of_bytes(file_bytes(std::filesystem::path(LUMBARGRADE_TEST_DATA) / "hostile" / name));
}

TEST(HostileFiles, WithFragmentsThatRunOutOfTheirItemAreDamaged) {
  EXPECT_THAT(refusal_of_hostile("A_small.dcm"), HasSubstr("is damaged or cut off"));
}

TEST(HostileFiles, WithJpegLsParametersThatOnlyLookLegalAreDamaged) {
  EXPECT_THAT(refusal_of_hostile("J_cli.dcm"), HasSubstr("damaged JPEG-LS image"));
}

TEST(HostileFiles, ThatClaimAGibibyteFromSomeHundredBytesAreRefused) {
  EXPECT_THAT(refusal_of_hostile("E_j2k_1GiB.dcm"), HasSubstr("MiB of pixels"));
}

TEST(HostileFiles, ThatInflateToAThousandTimesTheirSizeAreRefused) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) {
    const std::vector<Uint8> zeros(size_t{100} << 20);
    dataset.putAndInsertUint8Array(DcmTag(0x0009, 0x1001, EVR_OB), zeros.data(), zeros.size());
  };
  EXPECT_THAT(refusal_of_bytes(made_bytes(image, EXS_DeflatedLittleEndianExplicit)),
              HasSubstr("inflates beyond 64 MiB"));
}

}  // namespace
}  // namespace lumbargrade::dicom
