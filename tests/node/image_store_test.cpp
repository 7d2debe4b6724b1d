#include "node/image_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "study/header_uids.h"
#include "temporary_folder.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;

class ImageStoreTest : public ::testing::Test {
 protected:
  ImageStoreTest() {
    configuration_.folder = folder_.path();
    Spool(folder_.path()).prepare({});
    for (const auto& entry : fs::recursive_directory_iterator(LUMBARGRADE_TEST_DATA "/example_study/900107")) {
      if (entry.path().extension() == ".dcm") image_ = entry.path();
    }
    uids_ = read_header_uids(image_).value();
  }

  fs::path received(ImageStore& store) const {
    fs::path part = store.next_part();
    fs::copy_file(image_, part);
    return part;
  }

  TemporaryFolder folder_;
  Configuration configuration_;
  fs::path image_;
  HeaderUids uids_;
};

TEST_F(ImageStoreTest, AnImageLiesInItsStudy) {
  ImageStore store(configuration_);
  const Kept kept = store.keep(received(store), uids_.sop_instance_uid);
  EXPECT_EQ(kept.outcome, Kept::Outcome::Stored);
  EXPECT_EQ(kept.study, uids_.study_instance_uid);
  const fs::path file = folder_.path() / "incoming" / uids_.study_instance_uid / (uids_.sop_instance_uid + ".dcm");
  EXPECT_EQ(fs::file_size(file), fs::file_size(image_));
}

TEST_F(ImageStoreTest, TheSameImageAgainChangesNoFileAndIsNoQuiet) {
  ImageStore store(configuration_);
  store.keep(received(store), uids_.sop_instance_uid);
  const fs::path study = folder_.path() / "incoming" / uids_.study_instance_uid;
  const fs::path file = study / (uids_.sop_instance_uid + ".dcm");
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  fs::last_write_time(study, long_ago);
  const auto before = fs::last_write_time(file);
  EXPECT_EQ(store.keep(received(store), uids_.sop_instance_uid).outcome, Kept::Outcome::HadIt);
  EXPECT_EQ(fs::last_write_time(file), before);
  EXPECT_GT(fs::last_write_time(study), long_ago + std::chrono::minutes(30));
}

TEST_F(ImageStoreTest, AnotherImageOfTheSameNameIsRefusedAndTheFirstStays) {
  ImageStore store(configuration_);
  store.keep(received(store), uids_.sop_instance_uid);
  const fs::path changed = received(store);
  std::ofstream(changed, std::ios::app | std::ios::binary) << "more";
  EXPECT_EQ(store.keep(changed, uids_.sop_instance_uid).outcome, Kept::Outcome::OtherContent);
  const fs::path file = folder_.path() / "incoming" / uids_.study_instance_uid / (uids_.sop_instance_uid + ".dcm");
  EXPECT_EQ(fs::file_size(file), fs::file_size(image_));
}

TEST_F(ImageStoreTest, WhatIsNoImageOrNamesAnotherIsRefused) {
  ImageStore store(configuration_);
  EXPECT_EQ(store.keep(received(store), "1.2.3").outcome, Kept::Outcome::NotReadable);
  const fs::path part = store.next_part();
  std::ofstream(part) << "no DICOM";
  EXPECT_EQ(store.keep(part, "1.2.3").outcome, Kept::Outcome::NotReadable);
}

TEST_F(ImageStoreTest, TheQuotaCountsWhatIsThere) {
  configuration_.quota_mb = 1;
  EXPECT_EQ(ImageStore(configuration_).reason_to_refuse(), "");
  std::ofstream(folder_.path() / "incoming" / "large") << std::string(1 << 20, 'x');
  EXPECT_NE(ImageStore(configuration_).reason_to_refuse().find("quota"), std::string::npos);
}

TEST(Uid, FitsAFileNameOrIsRefused) {
  EXPECT_TRUE(is_uid("1.2.840.10008.1.1"));
  for (const char* words : {"", ".", "..", "../../etc", "1.2.", ".1.2", "1.2.a", "1 2",
                            "1.2345678901234567890123456789012345678901234567890123456789012345"}) {
    EXPECT_FALSE(is_uid(words)) << words;
  }
}

}  // namespace
}  // namespace lumbargrade::node
