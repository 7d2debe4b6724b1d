#include "dicom/codestream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

using testing::HasSubstr;

using ByteVector = std::vector<unsigned char>;

PixelFormat format_of_frames() {
  PixelFormat format;
  format.rows = format.columns = 384;
  format.bits_allocated = 16;
  return format;
}

/// The compressed frame of one of the nine real files, as a copy that a test may damage.
ByteVector real_frame(const std::string& name) {
  const Instance instance = read_instance(dicom_data(name));
  const Bytes fragment = instance.pixels->structure.fragments.at(0);
  return {fragment.begin(), fragment.end()};
}

std::string problem(PixelCoding coding, const ByteVector& frame) {
  return codestream_problem(coding, {Bytes(frame)}, format_of_frames());
}

size_t find_marker(const ByteVector& frame, unsigned char code) {
  for (size_t i = 0; i + 1 < frame.size(); ++i) {
    if (frame[i] == 0xFF && frame[i + 1] == code) return i;
  }
  throw std::runtime_error("no such marker");
}

TEST(CodestreamProblem, FindsNothingWrongWithRealFrames) {
  EXPECT_EQ(problem(PixelCoding::Rle, real_frame("dcm_qa_ts/4.dcm")), "");
  EXPECT_EQ(problem(PixelCoding::Jpeg, real_frame("dcm_qa_ts/5.dcm")), "");
  EXPECT_EQ(problem(PixelCoding::Jpeg, real_frame("dcm_qa_ts/6.dcm")), "");
  EXPECT_EQ(problem(PixelCoding::JpegLs, real_frame("dcm_qa_ts/7.dcm")), "");
  EXPECT_EQ(problem(PixelCoding::JpegLs, real_frame("dcm_qa_ts/8.dcm")), "");
  EXPECT_EQ(problem(PixelCoding::Jpeg2000, real_frame("dcm_qa_ts/9.dcm")), "");
}

TEST(CodestreamProblem, RefusesRleFragmentsShorterThanTheirHeader) {
  EXPECT_THAT(problem(PixelCoding::Rle, ByteVector(63)), HasSubstr("RLE fragment of 63 bytes"));
}

TEST(CodestreamProblem, RefusesRleSegmentsOutsideTheirFragment) {
  ByteVector frame = real_frame("dcm_qa_ts/4.dcm");
  frame[11] = 0x7F;
  EXPECT_THAT(problem(PixelCoding::Rle, frame), HasSubstr("RLE segment 2 lies outside"));
}

TEST(CodestreamProblem, RefusesRleImagesOfThreefoldSize) {
  ByteVector frame = real_frame("dcm_qa_ts/4.dcm");
  frame[0] = 6;
  EXPECT_THAT(problem(PixelCoding::Rle, frame), HasSubstr("6 segments where 2 are needed"));
}

TEST(CodestreamProblem, RefusesJpegHuffmanCategoriesAboveTheTable) {
  ByteVector frame = real_frame("dcm_qa_ts/5.dcm");
  const size_t table = find_marker(frame, 0xC4);
  frame[table + 4 + 17] = 200;  // the first category, behind marker, length, table number and sixteen counts
  EXPECT_THAT(problem(PixelCoding::Jpeg, frame), HasSubstr("Huffman category 200"));
}

TEST(CodestreamProblem, KnowsALosslessFrameBehindFillBytes) {
  const ByteVector category_16 = {0xFF, 0xC4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16};
  const ByteVector frame = {0xFF, 0xC3, 0, 11, 16, 1, 0x80, 1, 0x80, 1, 1, 0x11, 0};
  const ByteVector scan = {0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0};
  for (const ByteVector& fill : {ByteVector{}, ByteVector{0xFF}, ByteVector{0xFF, 0xFF}}) {
    ByteVector stream = {0xFF, 0xD8};
    for (const ByteVector& part : {category_16, fill, frame, scan})
      stream.insert(stream.end(), part.begin(), part.end());
    EXPECT_EQ(problem(PixelCoding::Jpeg, stream), "") << fill.size();
  }
}

TEST(CodestreamProblem, RefusesHuffmanTablesThatRunOutOfTheirSegment) {
  ByteVector frame = real_frame("dcm_qa_ts/5.dcm");
  frame[find_marker(frame, 0xC4) + 5] = 255;
  EXPECT_THAT(problem(PixelCoding::Jpeg, frame), HasSubstr("Huffman table longer"));
}

TEST(CodestreamProblem, RefusesJpegOfAnotherSizeThanTheHeaderSays) {
  for (const auto& [name, marker, coding] :
       {std::tuple("dcm_qa_ts/5.dcm", 0xC3, PixelCoding::Jpeg), {"dcm_qa_ts/7.dcm", 0xF7, PixelCoding::JpegLs}}) {
    ByteVector frame = real_frame(name);
    frame[find_marker(frame, static_cast<unsigned char>(marker)) + 5] = 0xEE;
    EXPECT_THAT(problem(coding, frame), HasSubstr("where the header says 384 x 384 x 1")) << name;
  }
}

TEST(CodestreamProblem, RefusesJpeg2000OfAnotherSizeOrOfTooManyTiles) {
  ByteVector frame = real_frame("dcm_qa_ts/9.dcm");
  frame[8] = 0x7F;  // width
  EXPECT_THAT(problem(PixelCoding::Jpeg2000, frame), HasSubstr("where the header says"));
  frame = real_frame("dcm_qa_ts/9.dcm");
  for (size_t i = 24; i < 32; ++i) frame[i] = i % 4 == 3 ? 1 : 0;  // tiles of one pixel
  EXPECT_THAT(problem(PixelCoding::Jpeg2000, frame), HasSubstr("147456 tiles"));
}

TEST(CodestreamProblem, RefusesFramesCutOffInTheirHeader) {
  for (const char* name : {"dcm_qa_ts/5.dcm", "dcm_qa_ts/7.dcm", "dcm_qa_ts/9.dcm"}) {
    const ByteVector frame = real_frame(name);
    const PixelCoding coding = pixel_coding(read_instance(dicom_data(name)).transfer_syntax_uid);
    for (size_t length = 0; length < 20; ++length) {
      EXPECT_NE(problem(coding, ByteVector(frame.begin(), frame.begin() + static_cast<long>(length))), "") << name;
    }
  }
}

TEST(AssignFragments, GivesEachFrameItsOwnAndASingleFrameAll) {
  const ByteVector start = {0xFF, 0xD8}, more = {1, 2};
  EXPECT_EQ(assign_fragments({start, more}, 1).at(0).size(), 2u);
  EXPECT_EQ(assign_fragments({start, more, start}, 2).at(0).size(), 2u);
  EXPECT_EQ(assign_fragments({more, more}, 2).size(), 2u);
  EXPECT_TRUE(assign_fragments({more, start, start}, 2).empty());
  EXPECT_TRUE(assign_fragments({start, more}, 3).empty());
}

TEST(TransferSyntax, UnsupportedOnesAreNamed) {
  EXPECT_EQ(pixel_coding("1.2.840.10008.1.2.4.201"), PixelCoding::Unsupported);
  EXPECT_EQ(describe_transfer_syntax("1.2.840.10008.1.2.4.100"),
            "MPEG2 Main Profile @ Main Level (1.2.840.10008.1.2.4.100)");
  EXPECT_EQ(describe_transfer_syntax("1.2.840.10008.1.2.4.203"), "High-Throughput JPEG 2000 (1.2.840.10008.1.2.4.203)");
  EXPECT_EQ(describe_transfer_syntax("1.2.3.4"), "private (1.2.3.4)");
  ByteVector bytes = file_bytes(dicom_data("dcm_qa_ts/9.dcm"));
  const std::string claim = "1.2.840.10008.1.2.4.90";
  const auto at = std::search(bytes.begin(), bytes.end(), claim.begin(), claim.end());
  ASSERT_NE(at, bytes.end());
  at[21] = '3';  // JPEG 2000 part 2, multi-component
  const Instance instance = parse_instance(bytes, "other.dcm");
  EXPECT_THAT(instance.pixel_problem, HasSubstr("unsupported transfer syntax JPEG 2000 Part 2"));
  EXPECT_THAT(instance.pixel_problem, HasSubstr("(1.2.840.10008.1.2.4.93)"));
}

}  // namespace
}  // namespace lumbargrade::dicom
