#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dicom/codecs.h"

namespace lumbargrade::dicom {
namespace {

using testing::ElementsAre;

/// Two segments behind a header of 64 bytes, as PS3.5 annex G lays them out.
std::vector<unsigned char> fragment(const std::vector<unsigned char>& high, const std::vector<unsigned char>& low) {
  std::vector<unsigned char> bytes(64 + high.size() + low.size());
  bytes[0] = 2;
  bytes[4] = 64;
  bytes[8] = static_cast<unsigned char>(64 + high.size());
  std::copy(low.begin(), low.end(), std::copy(high.begin(), high.end(), bytes.begin() + 64));
  return bytes;
}

PixelFormat two_by_three() {
  PixelFormat format;
  format.rows = 2;
  format.columns = 3;
  format.bits_allocated = 16;
  return format;
}

RawValues decoded(const std::vector<unsigned char>& bytes, const PixelFormat& format) {
  return decode_rle({Bytes(bytes)}, format);
}

TEST(DecodeRle, UnpacksLiteralAndReplicateRunsAndSkipsTheNoOperation) {
  const auto bytes = fragment({251, 1}, {2, 10, 20, 30, 128, 254, 7, 0});  // six ones; three literals, three sevens
  const auto values = decoded(bytes, two_by_three());
  ASSERT_TRUE(values);
  EXPECT_THAT(*values, ElementsAre(266, 276, 286, 263, 263, 263));
}

TEST(DecodeRle, UnpacksAnOddNumberOfEightBitPixels) {
  std::vector<unsigned char> bytes(64);
  bytes[0] = 1;
  bytes[4] = 64;
  for (const int byte : {4, 1, 2, 3, 4, 5, 253, 9, 0}) bytes.push_back(static_cast<unsigned char>(byte));
  PixelFormat format;
  format.rows = format.columns = 3;
  format.bits_allocated = 8;
  EXPECT_THAT(decoded(bytes, format), testing::Optional(ElementsAre(1, 2, 3, 4, 5, 9, 9, 9, 9)));
}

TEST(DecodeRle, CutsARunThatGoesBeyondTheImage) {
  const auto values = decoded(fragment({129, 1}, {5, 1, 2, 3, 4, 5, 6}), two_by_three());
  ASSERT_TRUE(values);
  EXPECT_THAT(*values, ElementsAre(257, 258, 259, 260, 261, 262));
}

TEST(DecodeRle, RefusesSegmentsThatEndTooEarly) {
  EXPECT_FALSE(decoded(fragment({251, 1}, {}), two_by_three()));
  EXPECT_FALSE(decoded(fragment({251, 1}, {5, 1, 2}), two_by_three()));
  EXPECT_FALSE(decoded(fragment({251, 1}, {254}), two_by_three()));
  EXPECT_FALSE(decoded(fragment({254, 1}, {251, 1}), two_by_three()));
}

}  // namespace
}  // namespace lumbargrade::dicom
