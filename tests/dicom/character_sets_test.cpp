// Descriptions as consoles of several countries write them, each with the bytes that Python's codecs give.
#include "dicom/character_sets.h"

#include <gtest/gtest.h>

#include "dicom/instance.h"
#include "dicom/made_dicom.h"

namespace lumbargrade::dicom {
namespace {

std::string description_read(const char* character_set, const std::string& bytes) {
  MadeImage image;
  image.change = [&](DcmDataset& dataset) {
    if (character_set) put(dataset, DCM_SpecificCharacterSet, character_set);
    put(dataset, DCM_SeriesDescription, bytes);
  };
  return parse_instance(made_bytes(image), "made.dcm").series_description;
}

TEST(CharacterSets, ReadsJapaneseKoreanAndChinese) {
  EXPECT_EQ(description_read("\\ISO 2022 IR 87", "\x1b$B0LCV7h\x1b(B\x1b$B$a\x1b(B T2"), "\u4f4d\u7f6e\u6c7a\u3081 T2");
  EXPECT_EQ(description_read("ISO 2022 IR 13\\ISO 2022 IR 87", "\x1b$B0LCV7h$a\x1b(J T2"),
            "\u4f4d\u7f6e\u6c7a\u3081 T2");
  EXPECT_EQ(description_read("\\ISO 2022 IR 149", "\x1b$)C\xc1\xb6\xbf\xb5 T1"), "\uc870\uc601 T1");
  EXPECT_EQ(description_read("\\ISO 2022 IR 58", "\x1b$)A\xb6\xa8\xce\xbb\xcf\xf1 T2"), "\u5b9a\u4f4d\u50cf T2");
  EXPECT_EQ(description_read("GBK", "T2 \xb6\xa8\xce\xbb"), "T2 \u5b9a\u4f4d");
  EXPECT_EQ(description_read("GB18030", "T2 \xb6\xa8\xce\xbb"), "T2 \u5b9a\u4f4d");
}

TEST(CharacterSets, UnderstandsTermsThatAreMisspelt) {
  EXPECT_EQ(description_read("GB18030\\ISO IR 192", "T2 \xb6\xa8\xce\xbb"), "T2 \u5b9a\u4f4d");
  EXPECT_EQ(description_read("ISO IR 192", "T2 \u5b9a\u4f4d"), "T2 \u5b9a\u4f4d");
  EXPECT_EQ(description_read("ISO_IR_144", "T2 \xdb\xde\xda\xd0\xdb"), "T2 \u043b\u043e\u043a\u0430\u043b");
  EXPECT_EQ(defined_character_sets("utf-8"), "ISO_IR 192");
  EXPECT_EQ(defined_character_sets("ISO_IR 100"), "ISO_IR 100");
  EXPECT_EQ(defined_character_sets("\\ISO_IR 87"), "\\ISO 2022 IR 87");
  EXPECT_EQ(defined_character_sets("iso8859-7"), "ISO_IR 126");
  EXPECT_EQ(description_read("Latin2",
                             "T1 po kontra\xb6"
                             "cie"),
            "T1 po kontra\u015bcie");
  EXPECT_EQ(defined_character_sets(""), "");
  EXPECT_EQ(defined_character_sets("KLINGON"), "KLINGON");
}

TEST(CharacterSets, TakesUtf8ForItselfAndOtherBytesForWesternEuropesWhereTheFileNamesNoSet) {
  EXPECT_EQ(description_read(nullptr, "T2 \u5b9a\u4f4d"), "T2 \u5b9a\u4f4d");
  EXPECT_EQ(description_read(nullptr,
                             "\xdc"
                             "bersicht T2"),
            "\u00dcbersicht T2");
}

TEST(CharacterSets, MakesValidUtf8OfAnyBytes) {
  EXPECT_EQ(valid_utf8("T1"), "T1");
  EXPECT_EQ(valid_utf8("\xc0\xaf"), "\u00c0\u00af");            // an overlong slash is no UTF-8
  EXPECT_EQ(valid_utf8("\xed\xa0\x80"), "\u00ed\u00a0\u0080");  // nor is a surrogate
  EXPECT_EQ(valid_utf8("\xe4\xbd"), "\u00e4\u00bd");            // nor a character that is cut off
}

}  // namespace
}  // namespace lumbargrade::dicom
