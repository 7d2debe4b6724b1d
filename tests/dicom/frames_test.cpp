// What frames hold where archives, converters and vendors put it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/error.h"
#include "dicom/made_dicom.h"
#include "dicom/test_files.h"

namespace lumbargrade::dicom {
namespace {

using testing::Contains;
using testing::HasSubstr;

Instance changed(const std::function<void(DcmDataset&)>& change, const MadeImage& base = {}) {
  MadeImage image = base;
  image.change = change;
  return parse_instance(made_bytes(image), "made.dcm");
}

DcmItem* item_of(DcmItem& parent, const DcmTagKey& sequence) {
  DcmItem* item = nullptr;
  parent.findOrCreateSequenceItem(sequence, item, 0);
  return item;
}

TEST(Frames, TakeEachAttributeFromTheGroupsThatHoldIt) {
  const Instance instance = changed([](DcmDataset& dataset) {
    dataset.findAndDeleteElement(DCM_PixelSpacing);
    DcmItem& shared = *item_of(dataset, DCM_SharedFunctionalGroupsSequence);
    put(*item_of(shared, DCM_PixelMeasuresSequence), DCM_PixelSpacing, "0.5\\0.25");
    DcmItem& own = *item_of(dataset, DCM_PerFrameFunctionalGroupsSequence);
    put(*item_of(own, DCM_PixelMeasuresSequence), DCM_SliceThickness, "4.5");
  });
  ASSERT_TRUE(instance.frames.at(0).plane);
  EXPECT_EQ(instance.frames[0].plane->row_spacing_mm, 0.5);
  EXPECT_EQ(instance.frames[0].plane->column_spacing_mm, 0.25);
  EXPECT_EQ(instance.slice_thickness_mm, 4.5);
}

TEST(Frames, KnowEchoesThatAConverterLeftUnassigned) {
  const Instance instance = changed([](DcmDataset& dataset) {
    DcmItem& own = *item_of(dataset, DCM_PerFrameFunctionalGroupsSequence);
    DcmItem& unassigned = *item_of(own, DCM_UnassignedPerFrameConvertedAttributesSequence);
    put(unassigned, DCM_EchoTime, "96");
    put(unassigned, DCM_EchoNumbers, "2");
    DcmItem& shared = *item_of(dataset, DCM_SharedFunctionalGroupsSequence);
    put(*item_of(shared, DCM_UnassignedSharedConvertedAttributesSequence), DCM_RepetitionTime, "3500");
  });
  EXPECT_EQ(instance.frames.at(0).contrast.echo_time_ms, 96);
  EXPECT_EQ(instance.frames[0].contrast.echo_number, 2);
  EXPECT_EQ(instance.repetition_time_ms, 3500);
}

/// Explicit little endian, 32-bit length.
void append_long(std::vector<unsigned char>& bytes, const DcmTagKey& tag, const char* vr,
                 const std::vector<unsigned char>& value) {
  const auto word = [&](unsigned n) {
    bytes.push_back(static_cast<unsigned char>(n));
    bytes.push_back(static_cast<unsigned char>(n >> 8));
  };
  word(tag.getGroup());
  word(tag.getElement());
  if (vr) {
    bytes.insert(bytes.end(), {static_cast<unsigned char>(vr[0]), static_cast<unsigned char>(vr[1]), 0, 0});
  }
  word(static_cast<unsigned>(value.size()));
  word(static_cast<unsigned>(value.size() >> 16));
  bytes.insert(bytes.end(), value.begin(), value.end());
}

TEST(Frames, AreReadFromSequencesOfUnknownRepresentationAndDefinedLength) {
  const std::string text = "0.5\\0.25";
  std::vector<unsigned char> spacing, measures_item, measures, shared_item, shared;
  append_long(spacing, DCM_PixelSpacing, nullptr, {text.begin(), text.end()});
  append_long(measures_item, DCM_Item, nullptr, spacing);
  append_long(measures, DCM_PixelMeasuresSequence, nullptr, measures_item);
  append_long(shared_item, DCM_Item, nullptr, measures);
  append_long(shared, DCM_SharedFunctionalGroupsSequence, "UN", shared_item);
  MadeImage image;
  image.change = [](DcmDataset& dataset) { dataset.findAndDeleteElement(DCM_PixelSpacing); };
  std::vector<unsigned char> bytes = made_bytes(image);
  const std::array<unsigned char, 4> pixels = {0xE0, 0x7F, 0x10, 0x00};
  const auto at = std::search(bytes.begin(), bytes.end(), pixels.begin(), pixels.end());
  ASSERT_NE(at, bytes.end());
  bytes.insert(at, shared.begin(), shared.end());
  const Instance instance = parse_instance(bytes, "un.dcm");
  ASSERT_TRUE(instance.frames.at(0).plane) << instance.frames[0].plane_problem;
  EXPECT_EQ(instance.frames[0].plane->row_spacing_mm, 0.5);
}

/// An enhanced image whose frames have a position each, and `others` more elements beside them.
std::vector<unsigned char> many_frames(int frames, int others) {
  MadeImage image;
  image.rows = image.columns = 1;
  image.frames = frames;
  image.change = [=](DcmDataset& dataset) {
    auto sequence = std::make_unique<DcmSequenceOfItems>(DCM_PerFrameFunctionalGroupsSequence);
    for (int i = 0; i < frames; ++i) {
      auto groups = std::make_unique<DcmItem>();
      put(*item_of(*groups, DCM_PlanePositionSequence), DCM_ImagePositionPatient, decimal_string({0.01 * i, 0, 0}));
      sequence->append(groups.release());
    }
    dataset.insert(sequence.release());
    dataset.findAndDeleteElement(DCM_ImagePositionPatient);
    put(dataset, DcmTagKey(0x0009, 0x0010), "TEST");
    for (int i = 0; i < others; ++i) {
      dataset.putAndInsertUint8Array(DcmTag(0x0009, static_cast<Uint16>(0x1000 + i), EVR_UN), nullptr, 0);
    }
  };
  return made_bytes(image);
}

TEST(Frames, CostWhatTheirElementsCostHoweverManyFramesShareADataSet) {
  const auto bytes = many_frames(10'000, 200);
  const auto started = std::chrono::steady_clock::now();
  const Instance instance = parse_instance(bytes, "many.dcm");
  const std::chrono::duration<double> elapsed_s = std::chrono::steady_clock::now() - started;
  ASSERT_EQ(instance.frames.size(), 10'000u);
  EXPECT_NEAR(instance.frames.back().plane->position_patient.x(), 99.99, 1e-9);
  EXPECT_LT(elapsed_s.count(), 10);  // .3 s; a search of the data set for each frame takes minutes
}

TEST(Pixels, OfOneSampleAreGreyscaleUnderOddNames) {
  for (const char* name : {"monochrome2", "MONOCHROME", "GREYSCALE", ""}) {
    const Instance instance = changed([=](DcmDataset& d) { put(d, DCM_PhotometricInterpretation, name); });
    EXPECT_EQ(instance.pixel_problem, "") << name;
    EXPECT_EQ(instance.format.photometric, "MONOCHROME2");
    EXPECT_THAT(instance.notes, Contains(HasSubstr("taken as MONOCHROME2"))) << name;
  }
  const Instance inverted = changed([](DcmDataset& d) { put(d, DCM_PhotometricInterpretation, "Monochrome 1"); });
  EXPECT_EQ(inverted.format.photometric, "MONOCHROME1");
  const Instance palette = changed([](DcmDataset& d) { put(d, DCM_PhotometricInterpretation, "PALETTE COLOR"); });
  EXPECT_THAT(palette.pixel_problem, HasSubstr("not greyscale"));
}

TEST(Pixels, ThatAreFloatingPointNumbersAreNamed) {
  const Instance instance = changed([](DcmDataset& dataset) {
    dataset.findAndDeleteElement(DCM_PixelData);
    const std::vector<Float32> values(48, 1.5F);
    dataset.putAndInsertFloat32Array(DCM_FloatPixelData, values.data(), values.size());
  });
  EXPECT_THAT(instance.pixel_problem, HasSubstr("floating-point"));
  EXPECT_EQ(instance.frames.size(), 1u);
}

TEST(Pixels, ThatMemoryCannotHoldAreRefusedByName) {
  MadeImage image;
  image.change = [](DcmDataset& dataset) {
    dataset.putAndInsertUint16(DCM_Rows, 10000);
    dataset.putAndInsertUint16(DCM_Columns, 10000);  // 190 MiB stored, 572 MiB with the numbers
  };
  try {
    parse_instance(made_bytes(image), "made.dcm", MemoryBudget::of_mib(1024));
    FAIL() << "was read";
  } catch (const Error& refusal) {
    EXPECT_THAT(refusal.what(),
                HasSubstr("claims 572 MiB of pixels, as stored and as numbers; --memory-limit leaves 512"));
  }
}

TEST(Scaling, OfANegativeSlopeIsTold) {
  const Instance instance = changed([](DcmDataset& d) { put(d, DCM_RescaleSlope, "-1"); });
  EXPECT_THAT(instance.notes, Contains(HasSubstr("RescaleSlope is negative")));
}

}  // namespace
}  // namespace lumbargrade::dicom
