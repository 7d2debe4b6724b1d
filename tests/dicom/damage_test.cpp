#include <gtest/gtest.h>

#include <random>

#include "core/error.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

// Damaged copies must end in pixels or in an Error. Anything else (a crash, a hang, another exception) fails the test;
// the sanitizer presets see the rest.

constexpr int kFlipsPerFile = 250;  // eight files: 2,000 in all

std::vector<std::string> victims() {
  return {"dcm_qa_ts/1.dcm", "dcm_qa_ts/2.dcm", "dcm_qa_ts/4.dcm", "dcm_qa_ts/5.dcm",
          "dcm_qa_ts/7.dcm", "dcm_qa_ts/8.dcm", "dcm_qa_ts/9.dcm", "dcm_qa_enh/Siemens/6_1.dcm"};
}

bool reads(std::vector<unsigned char> bytes) {
  try {
    const Instance instance = parse_instance(std::move(bytes), "damaged.dcm");
    decode_all(instance);
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(DamagedFiles, CutOffAtEveryPercentAreRefused) {
  for (const std::string& name : victims()) {
    const std::vector<unsigned char> whole = file_bytes(dicom_data(name));
    ASSERT_TRUE(reads(whole)) << name;
    for (size_t percent = 0; percent < 100; ++percent) {
      const auto length = static_cast<long>(whole.size() * percent / 100);
      EXPECT_FALSE(reads({whole.begin(), whole.begin() + length})) << name << " at " << percent << " %";
    }
  }
}

TEST(DamagedFiles, WithOneByteChangedGivePixelsOrAnError) {
  std::mt19937 random(4);
  for (const std::string& name : victims()) {
    const std::vector<unsigned char> whole = file_bytes(dicom_data(name));
    // Half of the changes go to the header and the codestream's own header, where they do most.
    const size_t front = std::min<size_t>(whole.size(), 12000);
    for (int i = 0; i < kFlipsPerFile; ++i) {
      std::vector<unsigned char> damaged = whole;
      const size_t range = i % 2 ? front : whole.size();
      damaged[random() % range] ^= static_cast<unsigned char>(1 + random() % 255);
      reads(std::move(damaged));
    }
  }
  SUCCEED();
}

TEST(DamagedFiles, FoundByTheFuzzersStayHarmless) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(LUMBARGRADE_TEST_DATA) / "../fuzz/found")) {
    reads(file_bytes(entry.path()));
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace lumbargrade::dicom
