#include "dicom/structure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "dicom/made_dicom.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using ByteVector = std::vector<unsigned char>;

std::string refusal_of_file(const ByteVector& bytes) {
  try {
    find_structure(bytes, "made.dcm");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

ByteVector joined(std::initializer_list<ByteVector> parts) {
  ByteVector all;
  for (const ByteVector& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// An explicit little endian element with a two-byte length.
ByteVector element(int group, int number, const char* vr, int length) {
  return {static_cast<unsigned char>(group),  static_cast<unsigned char>(group >> 8),
          static_cast<unsigned char>(number), static_cast<unsigned char>(number >> 8),
          static_cast<unsigned char>(vr[0]),  static_cast<unsigned char>(vr[1]),
          static_cast<unsigned char>(length), static_cast<unsigned char>(length >> 8)};
}

const ByteVector kPatientName = joined({element(0x0010, 0x0010, "PN", 4), {'A', '^', 'B', ' '}});
const ByteVector kStudyDate = joined({element(0x0008, 0x0020, "DA", 0)});

TEST(FindStructure, FindsADataSetWithoutPreambleAndMeta) {
  const ByteVector bytes = joined({kStudyDate, kPatientName});
  const Structure structure = find_structure(bytes, "made.dcm");
  EXPECT_EQ(structure.header.size(), bytes.size());
  EXPECT_TRUE(structure.encoding.explicit_vr);
  EXPECT_FALSE(structure.has_pixels);
}

TEST(FindStructure, FindsABigEndianDataSetWithoutPreambleAndMeta) {
  const ByteVector bytes = {0x00, 0x08, 0x00, 0x20, 'D', 'A', 0x00, 0x08, '2', '0', '2', '6', '0', '1', '0', '1'};
  EXPECT_EQ(find_structure(bytes, "bare").encoding, (ElementEncoding{true, true}));
}

TEST(FindStructure, RefusesWhatIsNoDicom) {
  EXPECT_THAT(refusal_of_file({}), HasSubstr("is not a DICOM file"));
  EXPECT_THAT(refusal_of_file({'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'}),
              HasSubstr("is not a DICOM file"));
}

TEST(FindStructure, RefusesAValueLongerThanTheFile) {
  EXPECT_THAT(refusal_of_file(joined({kStudyDate, element(0x0010, 0x0010, "PN", 5000), {'A'}})),
              HasSubstr("element (0010,0010) claims 5000 bytes where 1 are left"));
}

TEST(FindStructure, RefusesAMetaHeaderWithoutEnd) {
  ByteVector bytes(128);
  for (char c : std::string("DICM")) bytes.push_back(static_cast<unsigned char>(c));
  EXPECT_THAT(refusal_of_file(joined({bytes, element(0x0002, 0x0010, "UI", 900)})), HasSubstr("file meta information"));
  EXPECT_THAT(refusal_of_file(bytes), HasSubstr("ends after its file meta information"));
}

TEST(FindStructure, RefusesItemsLongerThanTheirSequence) {
  const ByteVector sequence =
      joined({element(0x0008, 0x1140, "SQ", 0), {16, 0, 0, 0}, {0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0, 0, 0}});
  EXPECT_THAT(refusal_of_file(joined({kStudyDate, sequence, ByteVector(300)})),
              HasSubstr("claims 255 bytes where 8 are left"));
}

TEST(FindStructure, RefusesEndlessNesting) {
  ByteVector bytes = kStudyDate;
  for (int i = 0; i < 100000; ++i) {
    bytes = i < 40 ? joined({bytes,
                             element(0x0008, 0x1140, "SQ", 0),
                             {0xFF, 0xFF, 0xFF, 0xFF},
                             {0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF}})
                   : bytes;
  }
  EXPECT_THAT(refusal_of_file(bytes), HasSubstr("nested deeper than 16"));
}

TEST(FindStructure, ReadsTheEncodingThatTheBytesShowWhenTheMetaHeaderLies) {
  ByteVector bytes = made_bytes({}, EXS_LittleEndianImplicit);
  // "1.2.840.10008.1.2" padded to 18 bytes; make it big endian's 1.2.840.10008.1.2.2 in place by way of a longer UID.
  const std::string claim = "1.2.840.10008.1.2";
  auto at = std::search(bytes.begin(), bytes.end(), claim.begin(), claim.end());
  ASSERT_NE(at, bytes.end());
  at[-2] = 20;  // value length
  const std::string lie("1.2.840.10008.1.2.2\0", 20);
  at = bytes.erase(at, at + 18);
  bytes.insert(at, lie.begin(), lie.end());
  const Structure structure = find_structure(bytes, "made.dcm");
  EXPECT_EQ(structure.encoding, (ElementEncoding{false, false}));
  EXPECT_THAT(structure.notes,
              ElementsAre(HasSubstr("claims explicit big endian but is written as implicit little endian")));
}

TEST(FindStructure, IgnoresWhatFollowsThePixels) {
  ByteVector bytes = made_bytes({});
  const size_t length = find_structure(bytes, "made.dcm").native_pixels.size();
  bytes.insert(bytes.end(), 1000, 0xAB);
  EXPECT_EQ(find_structure(bytes, "made.dcm").native_pixels.size(), length);
}

TEST(FindStructure, RefusesPixelsThatAreNeitherBytesNorWords) {
  const ByteVector pixels = joined({element(0x7FE0, 0x0010, "UN", 0), {0xFF, 0xFF, 0xFF, 0xFF}});
  EXPECT_THAT(refusal_of_file(joined({kStudyDate, pixels})), HasSubstr("is neither bytes (OB) nor words (OW)"));
}

TEST(FindStructure, RefusesADeflatedDataSetThatIsCutOff) {
  ByteVector bytes = made_bytes({}, EXS_DeflatedLittleEndianExplicit);
  bytes.resize(bytes.size() - 20);
  EXPECT_THAT(refusal_of_file(bytes), HasSubstr("deflated data set that is damaged"));
}

TEST(FindStructure, RefusesFragmentsThatRunOutOfTheFile) {
  ByteVector bytes = file_bytes(dicom_data("dcm_qa_ts/4.dcm"));
  bytes.resize(bytes.size() - 1000);
  EXPECT_THAT(refusal_of_file(bytes), HasSubstr("damaged or cut off"));
}

TEST(FindStructure, RefusesAnIconWhoseFragmentsRunBeyondItsItem) {
  // Icon sequence (0088,0200) of 20 bytes: an item of 12 that holds (7FE0,0010) OB of undefined length, and no more.
  const ByteVector icon = {0x88, 0x00, 0x00, 0x02, 'S',  'Q',  0,    0,    20,  0,   0, 0, 0xFE, 0xFF, 0x00, 0xE0,
                           12,   0,    0,    0,    0xE0, 0x7F, 0x10, 0x00, 'O', 'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};
  const ByteVector fragments = {0xFE, 0xFF, 0x00, 0xE0, 2, 0, 0, 0, 1, 2, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0};
  EXPECT_THAT(refusal_of_file(joined({kStudyDate, icon, fragments})), HasSubstr("is cut off"));
}

TEST(FindStructure, CountsTheDepthOfPrivateSequencesInImplicitVr) {
  ByteVector nested;
  for (int depth = 0; depth < 40; ++depth) {
    const auto item = static_cast<uint32_t>(nested.size());
    const auto length = item + 8;
    const auto little = [](uint32_t n) {
      return ByteVector{static_cast<unsigned char>(n), static_cast<unsigned char>(n >> 8), 0, 0};
    };
    nested = joined({{0x09, 0x00, 0x01, 0x10}, little(length), {0xFE, 0xFF, 0x00, 0xE0}, little(item), nested});
  }
  const ByteVector date = {0x08, 0x00, 0x20, 0x00, 0, 0, 0, 0};
  EXPECT_THAT(refusal_of_file(joined({date, nested})), HasSubstr("nested deeper than 16"));
}

}  // namespace
}  // namespace lumbargrade::dicom
