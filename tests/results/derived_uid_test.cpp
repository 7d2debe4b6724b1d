#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "results/dicom_object.h"

namespace lumbargrade::results {
namespace {

TEST(DerivedUid, IsTheHashAsAUuidInDecimal) {
  // Made with Python's hashlib and int().
  EXPECT_EQ(derived_uid("digest", "purpose"), "2.25.1689296540733384003186278828840110639");
}

TEST(DerivedUid, IsLegalAndTellsPurposesApart) {
  std::vector<std::string> uids(200);
  for (size_t k = 0; k < uids.size(); ++k) uids[k] = derived_uid("digest", std::to_string(k));
  for (const std::string& uid : uids) {
    EXPECT_LE(uid.size(), 64U);
    EXPECT_EQ(uid.rfind("2.25.", 0), 0U);
    EXPECT_NE(uid[5], '0');
    EXPECT_TRUE(std::all_of(uid.begin() + 5, uid.end(), [](unsigned char c) { return std::isdigit(c); })) << uid;
  }
  std::sort(uids.begin(), uids.end());
  EXPECT_EQ(std::adjacent_find(uids.begin(), uids.end()), uids.end());
}

}  // namespace
}  // namespace lumbargrade::results
