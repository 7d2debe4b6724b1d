// Longer than others: one test for each way in which pixels and planes are written, and all share what makes the files.
#include "dicom/instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrploss.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "dicom/made_dicom.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

nlohmann::json expected_files() {
  return nlohmann::json::parse(std::ifstream(dicom_data("expected.json")));
}

Instance parse(const MadeImage& image) {
  return parse_instance(made_bytes(image), "made.dcm");
}

std::vector<float> pixels_of(const MadeImage& image) {
  return decode_all(parse(image));
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// ---- real files, as pydicom reads them
// ---------------------------------------------------------------------------------

/// The stored value of a scaled one.
int32_t unscale(float value, const Frame& frame) {
  return static_cast<int32_t>(std::lround((static_cast<double>(value) - frame.intercept) / frame.slope));
}

void expect_plane(const ImagePlane& plane, const nlohmann::json& expected) {
  const Affine patient_from_index = plane.patient_from_index();
  for (int axis = 0; axis < 3; ++axis) {
    const auto& row = expected["patient_from_index"][static_cast<size_t>(axis)];
    EXPECT_NEAR(patient_from_index.linear()(axis, 0), row[0].get<double>(), 1e-6);
    EXPECT_NEAR(patient_from_index.linear()(axis, 1), row[1].get<double>(), 1e-6);
    EXPECT_NEAR(patient_from_index.translation()(axis), row[2].get<double>(), 1e-6);
  }
}

void expect_frame(const Instance& instance, const Frame& frame, const float* voxels, const nlohmann::json& expected) {
  EXPECT_NEAR(frame.slope, expected["slope"].get<double>(), 1e-6 * std::abs(frame.slope));
  EXPECT_NEAR(frame.intercept, expected["intercept"].get<double>(), 1e-6 * std::abs(frame.intercept));
  std::vector<int32_t> stored(frame_size(instance));
  std::transform(voxels, voxels + stored.size(), stored.begin(), [&](float v) { return unscale(v, frame); });
  EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(stored.data()), static_cast<uInt>(stored.size() * 4)),
            expected["stored_crc32"].get<uLong>());
  const double middle = expected["middle"];
  const int at = instance.format.rows / 2 * instance.format.columns + instance.format.columns / 2;
  EXPECT_NEAR(voxels[at], middle, 1e-5 * std::abs(middle));
  ASSERT_TRUE(frame.plane);
  expect_plane(*frame.plane, expected);
}

TEST(ReadInstance, GivesThePixelsAndGeometryThatPydicomReadsFromRealFiles) {
  const nlohmann::json files = expected_files();
  for (const auto& [name, expected] : files.items()) {
    SCOPED_TRACE(name);
    const Instance instance = read_instance(dicom_data(name));
    ASSERT_EQ(instance.pixel_problem, "");
    ASSERT_EQ(instance.frames.size(), expected["frames"].size());
    const std::vector<float> voxels = decode_all(instance);
    for (const Frame& frame : instance.frames) {
      const auto index = static_cast<size_t>(frame.index);
      expect_frame(instance, frame, voxels.data() + index * frame_size(instance), expected["frames"][index]);
    }
  }
}

TEST(ReadInstance, GivesTheSamePixelsFromNineTransferSyntaxes) {
  const std::vector<float> first = decode_all(read_instance(dicom_data("dcm_qa_ts/1.dcm")));
  for (int i = 2; i <= 9; ++i) {
    EXPECT_EQ(decode_all(read_instance(dicom_data("dcm_qa_ts/" + std::to_string(i) + ".dcm"))), first) << i;
  }
}

TEST(ReadInstance, ReadsDeflatedFiles) {
  const MadeImage image;
  EXPECT_EQ(decode_all(parse_instance(made_bytes(image, EXS_DeflatedLittleEndianExplicit), "deflated.dcm")),
            pixels_of(image));
}

/// A smooth image of 64 pixels squared, compressed with loss by DCMTK's encoder. It fills the range of grey values, to
/// which the encoder would stretch it.
std::vector<unsigned char> lossy_bytes(E_TransferSyntax syntax, int bits, std::vector<float>& original) {
  MadeImage image;
  image.rows = image.columns = 64;
  DcmFileFormat file;
  for (int i = 0; i < 64 * 64; ++i) {
    const int column = i % 64, row = i / 64;
    const double brightness = 0.5 + 0.5 * std::sin(0.1 * column) * std::cos(0.07 * row);
    image.pixels.push_back(static_cast<uint16_t>(brightness * ((1 << bits) - 1)));
  }
  fill(*file.getDataset(), image);
  file.getDataset()->putAndInsertUint16(DCM_BitsStored, static_cast<Uint16>(bits));
  file.getDataset()->putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(bits - 1));
  original.assign(image.pixels.begin(), image.pixels.end());
  DJEncoderRegistration::registerCodecs();
  const DJ_RPLossy quality(95);
  EXPECT_TRUE(file.getDataset()->chooseRepresentation(syntax, &quality).good());
  const TemporaryFolder folder;
  file.saveFile((folder / "lossy.dcm").c_str(), syntax);
  DJEncoderRegistration::cleanup();
  return file_bytes(folder / "lossy.dcm");
}

TEST(ReadInstance, ReadsLossyJpegOfEightAndTwelveBitsAndSaysSo) {
  for (const auto& [syntax, bits] : {std::pair(EXS_JPEGProcess1, 8), {EXS_JPEGProcess2_4, 12}}) {
    SCOPED_TRACE(bits);
    std::vector<float> original;
    const Instance instance = parse_instance(lossy_bytes(syntax, bits, original), "lossy.dcm");
    EXPECT_THAT(instance.notes, ElementsAre("compressed with loss"));
    const std::vector<float> voxels = decode_all(instance);
    ASSERT_EQ(voxels.size(), original.size());
    for (size_t i = 0; i < voxels.size(); ++i) ASSERT_NEAR(voxels[i], original[i], 0.02 * (1 << bits)) << i;
  }
}

// ---- stored values
// -----------------------------------------------------------------------------------------------------

MadeImage four_pixels(std::vector<uint16_t> pixels) {
  MadeImage image;
  image.rows = image.columns = 2;
  image.pixels = std::move(pixels);
  return image;
}

TEST(DecodeFrames, MasksJunkAboveBitsStored) {
  EXPECT_THAT(pixels_of(four_pixels({0xF001, 0x0001, 0xFFFF, 0x8000})), ElementsAre(1, 1, 4095, 0));
}

TEST(DecodeFrames, KeepsAnImageThatGoesBeyondBitsStored) {
  EXPECT_THAT(pixels_of(four_pixels({3900, 4000, 4100, 4200})), ElementsAre(3900, 4000, 4100, 4200));
}

/// A disc with a soft edge on a slope, its brightest value `top`; `above` is or-ed into the words of a corner.
MadeImage smooth_image(double top, uint16_t above = 0) {
  MadeImage image;
  image.rows = image.columns = 64;
  image.pixels.clear();
  for (int row = 0; row < 64; ++row) {
    for (int column = 0; column < 64; ++column) {
      const double radius = std::hypot(row - 32, column - 32);
      const double share = 0.1 + 0.1 * column / 64 + 0.8 / (1 + std::exp(radius - 18));
      const auto value = static_cast<uint16_t>(share * top);
      image.pixels.push_back(static_cast<uint16_t>(value | (row < 20 && column < 20 ? above : 0)));
    }
  }
  return image;
}

TEST(DecodeFrames, KeepsValuesAboveBitsStoredWhateverTheScale) {
  for (const double top : {4600, 5000, 9000, 20000, 40000, 65000}) {
    const MadeImage image = smooth_image(top);
    EXPECT_THAT(pixels_of(image), testing::ElementsAreArray(image.pixels)) << top;
    EXPECT_THAT(parse(image).notes, ElementsAre(HasSubstr("above BitsStored 12, kept"))) << top;
  }
}

std::vector<unsigned char> rle_bytes(const MadeImage& image) {
  DcmFileFormat file;
  fill(*file.getDataset(), image);
  DcmRLEEncoderRegistration::registerCodecs();
  EXPECT_TRUE(file.getDataset()->chooseRepresentation(EXS_RLELossless, nullptr).good());
  const TemporaryFolder folder;
  file.saveFile((folder / "rle.dcm").c_str(), EXS_RLELossless);
  DcmRLEEncoderRegistration::cleanup();
  return file_bytes(folder / "rle.dcm");
}

TEST(DecodeFrames, KeepsCompressedValuesAboveBitsStored) {
  const MadeImage image = smooth_image(20000);
  EXPECT_THAT(decode_all(parse_instance(rle_bytes(image), "rle.dcm")), testing::ElementsAreArray(image.pixels));
}

TEST(DecodeFrames, LeavesOutADrawingAboveBitsStored) {
  const std::vector<float> plain = pixels_of(smooth_image(3000));
  EXPECT_EQ(pixels_of(smooth_image(3000, 0x8000)), plain);
}

TEST(DecodeFrames, KnowsPaddingAboveBitsStored) {
  for (const bool is_signed : {false, true}) {
    MadeImage image = smooth_image(3000, 0xFFFF);
    image.change = [=](DcmDataset& dataset) {
      if (is_signed) dataset.putAndInsertSint16(DcmTag(DCM_PixelPaddingValue, EVR_SS), -1);
      if (!is_signed) dataset.putAndInsertUint16(DcmTag(DCM_PixelPaddingValue, EVR_US), 0xFFFF);
    };
    const std::vector<float> voxels = pixels_of(image);
    EXPECT_EQ(voxels.front(), *std::min_element(voxels.begin(), voxels.end())) << is_signed;
    EXPECT_EQ(voxels.back(), image.pixels.back()) << is_signed;
  }
}

TEST(ParseInstance, RefusesANumberOfFramesThatIsNone) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) { put(dataset, DCM_NumberOfFrames, "1x"); };
  EXPECT_THAT(message_of([&] { parse(image); }), HasSubstr("\"1x\" frames"));
  image.change = [](DcmDataset& dataset) { put(dataset, DCM_NumberOfFrames, ""); };
  EXPECT_EQ(parse(image).frames.size(), 1U);
}

TEST(DecodeFrames, KeepsSignedValuesAboveBitsStored) {
  MadeImage image = smooth_image(9000);
  image.change = [](DcmDataset& dataset) { dataset.putAndInsertUint16(DCM_PixelRepresentation, 1); };
  EXPECT_THAT(pixels_of(image), testing::ElementsAreArray(image.pixels));
}

TEST(DecodeFrames, GivesPaddingTheDarkestValueOfTheImage) {
  MadeImage image = four_pixels({4095, 20, 30, 4095});
  image.change = [](DcmDataset& dataset) { dataset.putAndInsertUint16(DCM_PixelPaddingValue, 4095); };
  EXPECT_THAT(pixels_of(image), ElementsAre(20, 20, 30, 20));
}

TEST(DecodeFrames, ExtendsTheSignFromBitsStored) {
  MadeImage image = four_pixels({0x0FFF, 0x0800, 0x07FF, 0xF000});
  image.change = [](DcmDataset& dataset) { dataset.putAndInsertUint16(DCM_PixelRepresentation, 1); };
  EXPECT_THAT(pixels_of(image), ElementsAre(-1, -2048, 2047, 0));
}

TEST(DecodeFrames, ShiftsValuesThatEndAtHighBit) {
  MadeImage image = four_pixels({0x0010, 0xFFF0, 0xFFFF, 0x000F});
  image.change = [](DcmDataset& dataset) { dataset.putAndInsertUint16(DCM_HighBit, 15); };
  EXPECT_THAT(pixels_of(image), ElementsAre(1, 4095, 4095, 0));
}

TEST(DecodeFrames, InvertsMonochrome1) {
  MadeImage image = four_pixels({0, 1, 4094, 4095});
  image.change = [](DcmDataset& dataset) { put(dataset, DCM_PhotometricInterpretation, "MONOCHROME1"); };
  EXPECT_THAT(pixels_of(image), ElementsAre(4095, 4094, 1, 0));
}

TEST(DecodeFrames, AppliesSlopeAndIntercept) {
  MadeImage image = four_pixels({0, 1, 2, 3});
  image.change = [](DcmDataset& dataset) {
    put(dataset, DCM_RescaleSlope, "2.5");
    put(dataset, DCM_RescaleIntercept, "-1");
  };
  EXPECT_THAT(pixels_of(image), ElementsAre(-1, 1.5, 4, 6.5));
}

TEST(DecodeFrames, ReadsEightBitPixelsOfEitherEndianness) {
  MadeImage image = four_pixels({});
  image.change = [](DcmDataset& dataset) {
    const std::array<Uint8, 4> bytes = {7, 8, 9, 255};
    dataset.putAndInsertUint16(DCM_BitsAllocated, 8);
    dataset.putAndInsertUint16(DCM_BitsStored, 8);
    dataset.putAndInsertUint16(DCM_HighBit, 7);
    dataset.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
  };
  for (const auto syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
    EXPECT_THAT(decode_all(parse_instance(made_bytes(image, syntax), "8bit.dcm")), ElementsAre(7, 8, 9, 255)) << syntax;
  }
}

TEST(DecodeFrames, ReadsAnOddNumberOfEightBitPixels) {
  MadeImage image;
  image.rows = image.columns = 3;
  image.change = [](DcmDataset& dataset) {
    const std::array<Uint8, 10> bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0};  // the last one fills up
    dataset.putAndInsertUint16(DCM_BitsAllocated, 8);
    dataset.putAndInsertUint16(DCM_BitsStored, 8);
    dataset.putAndInsertUint16(DCM_HighBit, 7);
    dataset.putAndInsertUint8Array(DCM_PixelData, bytes.data(), bytes.size());
  };
  EXPECT_THAT(pixels_of(image), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

// ---- geometry
// ----------------------------------------------------------------------------------------------------------

TEST(ParseInstance, TakesTheFirstPixelSpacingForRows) {
  MadeImage image;
  image.plane.row_spacing_mm = 2;
  image.plane.column_spacing_mm = 3;
  const Frame frame = parse(image).frames.at(0);
  ASSERT_TRUE(frame.plane);
  EXPECT_EQ(frame.plane->row_spacing_mm, 2);
  EXPECT_EQ(frame.plane->column_spacing_mm, 3);
  const Vector3 down_one_row = frame.plane->patient_from_index().linear() * Vector3(0, 1, 0);
  EXPECT_EQ(down_one_row, Vector3(0, 0, -2));
}

TEST(ParseInstance, HasNoPlaneWhenPositionOrOrientationOrSpacingIsMissingOrWrong) {
  const auto problem_after = [](const std::function<void(DcmDataset&)>& change) {
    MadeImage image;
    image.change = change;
    const Frame frame = parse(image).frames.at(0);
    EXPECT_FALSE(frame.plane);
    return frame.plane_problem;
  };
  EXPECT_EQ(problem_after([](DcmDataset& d) { d.findAndDeleteElement(DCM_ImagePositionPatient); }),
            "no ImagePositionPatient");
  EXPECT_EQ(problem_after([](DcmDataset& d) { d.findAndDeleteElement(DCM_ImageOrientationPatient); }),
            "no valid ImageOrientationPatient");
  EXPECT_EQ(problem_after([](DcmDataset& d) { put(d, DCM_ImageOrientationPatient, "1\\0\\0\\1\\0\\0"); }),
            "no valid ImageOrientationPatient");
  EXPECT_EQ(problem_after([](DcmDataset& d) { put(d, DCM_PixelSpacing, "0\\0.5"); }), "no valid PixelSpacing");
}

TEST(ParseInstance, ReadsNumbersWhoseValueRepresentationLies) {
  const auto rewritten = [](DcmDataset& dataset, const DcmTagKey& tag, DcmEVR vr) {
    OFString value;
    dataset.findAndGetOFStringArray(tag, value);
    dataset.findAndDeleteElement(tag);
    if (vr == EVR_UN) {
      if (value.length() % 2) value += ' ';
      auto element = std::make_unique<DcmOtherByteOtherWord>(DcmTag(tag, vr));
      element->putUint8Array(reinterpret_cast<const Uint8*>(value.c_str()), static_cast<unsigned long>(value.length()));
      dataset.insert(element.release(), true);
    } else {
      dataset.putAndInsertOFStringArray(DcmTag(tag, vr), value);
    }
  };
  MadeImage image;
  image.plane.position_patient = Vector3(1.5, -2.25, 3);
  image.change = [&](DcmDataset& dataset) {
    rewritten(dataset, DCM_ImagePositionPatient, EVR_UN);
    rewritten(dataset, DCM_ImageOrientationPatient, EVR_LO);
    rewritten(dataset, DCM_PixelSpacing, EVR_ST);
    rewritten(dataset, DCM_InstanceNumber, EVR_SH);
    dataset.findAndDeleteElement(DCM_Rows);
    dataset.putAndInsertUint32(DcmTag(DCM_Rows, EVR_UL), 8);
  };
  const Instance instance = parse(image);
  ASSERT_TRUE(instance.frames.at(0).plane) << instance.frames.at(0).plane_problem;
  EXPECT_EQ(instance.frames[0].plane->position_patient, image.plane.position_patient);
  EXPECT_EQ(instance.instance_number, 1);
  EXPECT_EQ(decode_all(instance), pixels_of({}));
}

TEST(ParseInstance, TakesIntegersOfUnknownRepresentationWholeOrNotAtAll) {
  for (const auto& [written, read] : {std::pair("12", 12), std::pair("1.5 ", 0)}) {
    MadeImage image;
    image.change = [value = std::string(written)](DcmDataset& dataset) {
      auto element = std::make_unique<DcmOtherByteOtherWord>(DcmTag(DCM_InstanceNumber, EVR_UN));
      element->putUint8Array(reinterpret_cast<const Uint8*>(value.data()), static_cast<unsigned long>(value.size()));
      dataset.insert(element.release(), true);
    };
    EXPECT_EQ(parse(image).instance_number, read) << written;
  }
}

TEST(ParseInstance, NotesWhatItCorrects) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) {
    put(dataset, DCM_PhotometricInterpretation, "MONOCHROME1");
    put(dataset, DCM_RescaleSlope, "0");
    put(dataset, DCM_LossyImageCompression, "01");
  };
  const Instance instance = parse(image);
  EXPECT_EQ(instance.frames.at(0).slope, 1);
  EXPECT_THAT(instance.notes, testing::UnorderedElementsAre(HasSubstr("RescaleSlope 0"), HasSubstr("MONOCHROME1"),
                                                            "compressed with loss"));
  EXPECT_THAT(parse({}).notes, IsEmpty());
}

TEST(ParseInstance, ReadsTheChallengesFilesThatLackMostAttributes) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) {
    for (const DcmTagKey& tag : {DCM_SOPClassUID, DCM_Modality, DCM_InstanceNumber}) dataset.findAndDeleteElement(tag);
  };
  const Instance instance = parse(image);
  EXPECT_EQ(instance.modality, "");
  EXPECT_FALSE(instance.frames.at(0).contrast.echo_time_ms);
  EXPECT_FALSE(instance.repetition_time_ms);
  EXPECT_EQ(instance.frames.at(0).slope, 1);
  EXPECT_TRUE(instance.frames.at(0).plane);
}

// ---- enhanced multi-frame
// ----------------------------------------------------------------------------------------------

/// Frames of two pixels squared whose planes stand in per-frame functional groups, orientation and spacing in shared
/// ones.
MadeImage enhanced(const std::vector<double>& x_of_frame) {
  MadeImage image;
  image.rows = image.columns = 2;
  image.frames = static_cast<int>(x_of_frame.size());
  image.change = [x_of_frame](DcmDataset& dataset) {
    put(dataset, DCM_SOPClassUID, UID_EnhancedMRImageStorage);
    for (const auto& tag : {DCM_ImagePositionPatient, DCM_ImageOrientationPatient, DCM_PixelSpacing}) {
      dataset.findAndDeleteElement(tag);
    }
    DcmItem* shared = nullptr;
    dataset.findOrCreateSequenceItem(DCM_SharedFunctionalGroupsSequence, shared, 0);
    DcmItem* item = nullptr;
    shared->findOrCreateSequenceItem(DCM_PlaneOrientationSequence, item, 0);
    put(*item, DCM_ImageOrientationPatient, "0\\1\\0\\0\\0\\-1");
    shared->findOrCreateSequenceItem(DCM_PixelMeasuresSequence, item, 0);
    put(*item, DCM_PixelSpacing, "0.5\\0.25");
    for (size_t i = 0; i < x_of_frame.size(); ++i) {
      DcmItem* groups = nullptr;
      dataset.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence, groups, static_cast<long>(i));
      groups->findOrCreateSequenceItem(DCM_PlanePositionSequence, item, 0);
      put(*item, DCM_ImagePositionPatient, decimal_string({x_of_frame[i], 0, 0}));
      groups->findOrCreateSequenceItem(DCM_PixelValueTransformationSequence, item, 0);
      put(*item, DCM_RescaleSlope, decimal_string({static_cast<double>(i + 1)}));
    }
  };
  return image;
}

TEST(ParseInstance, ReadsPlanesAndScalingOfFunctionalGroups) {
  const Instance instance = parse(enhanced({4, -4, 0}));
  ASSERT_EQ(instance.frames.size(), 3u);
  EXPECT_EQ(instance.frames[1].plane->position_patient, Vector3(-4, 0, 0));
  EXPECT_EQ(instance.frames[1].plane->row_spacing_mm, 0.5);
  EXPECT_EQ(instance.frames[1].plane->column_spacing_mm, 0.25);
  EXPECT_EQ(instance.frames[2].slope, 3);
}

TEST(ParseInstance, HasNoPlaneForFramesWithoutFunctionalGroups) {
  MadeImage image = enhanced({1, 2});
  image.change = [](DcmDataset& dataset) {
    for (const auto& tag : {DCM_ImagePositionPatient, DCM_ImageOrientationPatient}) dataset.findAndDeleteElement(tag);
  };
  const Instance instance = parse(image);
  ASSERT_EQ(instance.frames.size(), 2u);
  EXPECT_FALSE(instance.frames[0].plane);
}

// ---- hostile headers: refused before anything is allocated
// ---------------------------------------------------------------

std::string refusal(const std::function<void(DcmDataset&)>& change) {
  MadeImage image;
  image.change = change;
  return message_of([&] { parse(image); });
}

TEST(ParseInstance, RefusesMoreFramesThanThePixelDataHold) {
  EXPECT_THAT(refusal([](DcmDataset& d) { put(d, DCM_NumberOfFrames, "3"); }), HasSubstr("bytes of pixels but holds"));
}

TEST(ParseInstance, RefusesAMillionFrames) {
  EXPECT_THAT(refusal([](DcmDataset& d) { put(d, DCM_NumberOfFrames, "1000000"); }),
              HasSubstr("claims 1000000 frames"));
  EXPECT_THAT(refusal([](DcmDataset& d) { put(d, DCM_NumberOfFrames, "-1"); }), HasSubstr("claims -1 frames"));
}

TEST(ParseInstance, RefusesSixtyThousandSquare) {
  EXPECT_THAT(refusal([](DcmDataset& d) {
                d.putAndInsertUint16(DCM_Rows, 60000);
                d.putAndInsertUint16(DCM_Columns, 60000);
              }),
              HasSubstr("MiB of pixels"));
}

TEST(ParseInstance, RefusesProductsThatOverflow32Bits) {
  // 65535 * 65535 * 16 bit is small in 32-bit arithmetic.
  EXPECT_THAT(refusal([](DcmDataset& d) {
                d.putAndInsertUint16(DCM_Rows, 65535);
                d.putAndInsertUint16(DCM_Columns, 65535);
              }),
              HasSubstr("MiB of pixels"));
}

TEST(ParseInstance, RefusesRowsOfAWrongValueRepresentation) {
  EXPECT_THAT(refusal([](DcmDataset& d) {
                d.findAndDeleteElement(DCM_Rows);
                auto rows = std::make_unique<DcmOtherByteOtherWord>(DcmTag(DCM_Rows, DcmVR(EVR_OB)));
                const std::array<Uint8, 2> bytes = {8, 0};
                rows->putUint8Array(bytes.data(), bytes.size());
                d.insert(rows.release(), true);
              }),
              HasSubstr("no valid Rows"));
}

std::string pixel_problem_after(const std::function<void(DcmDataset&)>& change) {
  MadeImage image;
  image.change = change;
  const Instance instance = parse(image);
  EXPECT_THROW(decode_all(instance), Error);
  return instance.pixel_problem;
}

TEST(ParseInstance, RefusesBitDepthsThatDoNotFit) {
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { d.putAndInsertUint16(DCM_HighBit, 40); }),
              HasSubstr("HighBit 40"));
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { d.putAndInsertUint16(DCM_BitsStored, 17); }),
              HasSubstr("BitsStored 17"));
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { d.putAndInsertUint16(DCM_HighBit, 3); }), HasSubstr("HighBit 3"));
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { d.putAndInsertUint16(DCM_BitsAllocated, 12); }),
              HasSubstr("BitsAllocated 12"));
}

TEST(ParseInstance, LeavesOverlaysAloneThatClaimMoreThanTheyHold) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) {
    const std::array<Uint8, 2> bits = {0xFF, 0xFF};
    dataset.putAndInsertUint16(DCM_OverlayRows, 60000);
    dataset.putAndInsertUint16(DCM_OverlayColumns, 60000);
    dataset.putAndInsertUint16(DCM_OverlayBitsAllocated, 1);
    dataset.putAndInsertUint16(DCM_OverlayBitPosition, 40);
    dataset.putAndInsertUint8Array(DCM_OverlayData, bits.data(), bits.size());
  };
  EXPECT_EQ(pixels_of(image), pixels_of({}));
}

TEST(ParseInstance, RefusesPalettesAndColours) {
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { put(d, DCM_PhotometricInterpretation, "PALETTE COLOR"); }),
              HasSubstr("not greyscale"));
  EXPECT_THAT(pixel_problem_after([](DcmDataset& d) { put(d, DCM_PhotometricInterpretation, "YBR_FULL_422"); }),
              HasSubstr("not greyscale"));
}

}  // namespace
}  // namespace lumbargrade::dicom
