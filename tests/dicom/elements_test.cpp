#include "dicom/elements.h"

#include <gtest/gtest.h>

#include <vector>

namespace lumbargrade::dicom {
namespace {

using Octets = std::vector<unsigned char>;

TEST(ElementHead, OfAShortValueIsEightBytes) {
  const Octets bytes = {0x10, 0x00, 0x20, 0x00, 'L', 'O', 0x04, 0x01};
  const auto head = element_head(bytes, 0, {true, false});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->tag, (Tag{0x0010, 0x0020}));
  EXPECT_TRUE(head->is("LO"));
  EXPECT_EQ(head->length, 0x0104u);
  EXPECT_EQ(head->size, 8u);
}

TEST(ElementHead, OfALongOrUnknownValueIsTwelveBytes) {
  for (const char* vr : {"OW", "ZZ"}) {
    Octets bytes = {0xE0, 0x7F, 0x10, 0x00, 0, 0, 0, 0, 0x00, 0x00, 0x01, 0x00};
    bytes[4] = static_cast<unsigned char>(vr[0]), bytes[5] = static_cast<unsigned char>(vr[1]);
    const auto head = element_head(bytes, 0, {true, false});
    ASSERT_TRUE(head);
    EXPECT_EQ(head->length, 0x10000u);
    EXPECT_EQ(head->size, 12u);
    EXPECT_FALSE(element_head(Bytes(bytes).first(11), 0, {true, false})) << "cut off";
  }
}

TEST(ElementHead, WithoutValueRepresentationHasItsLengthAtOnce) {
  const Octets bytes = {0x20, 0x00, 0x0E, 0x00, 'L', 'O', 0x00, 0x00};
  const auto head = element_head(bytes, 0, {false, false});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->length, 0x4F4Cu);
}

TEST(ElementHead, OfBigEndianBytes) {
  const Octets bytes = {0x00, 0x08, 0x00, 0x18, 'U', 'I', 0x00, 0x1A};
  const auto head = element_head(bytes, 0, {true, true});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->tag, (Tag{0x0008, 0x0018}));
  EXPECT_EQ(head->length, 26u);
}

TEST(ElementHead, OfAnItemHasNoValueRepresentation) {
  const Octets bytes = {0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF};
  const auto head = element_head(bytes, 0, {true, false});
  ASSERT_TRUE(head);
  EXPECT_EQ(head->tag, kItem);
  EXPECT_EQ(head->length, kUndefinedLength);
}

TEST(ElementHead, IsNoneWhereTheBytesEnd) {
  const Octets bytes = {0x10, 0x00, 0x20, 0x00, 'L', 'O', 0x04};
  EXPECT_FALSE(element_head(bytes, 0, {true, false}));
  EXPECT_FALSE(element_head(bytes, 7, {true, false}));
  EXPECT_FALSE(element_head(bytes, 100, {true, false}));
}

TEST(TextOf, LosesThePaddingAlone) {
  const Octets bytes = {'1', ' ', '2', ' ', 0};
  EXPECT_EQ(text_of(bytes), "1 2");
  EXPECT_EQ(text_of(Bytes(bytes).last(2)), "");
}

}  // namespace
}  // namespace lumbargrade::dicom
