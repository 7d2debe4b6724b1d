#include "results/segmentation.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmfg/fgderimg.h>
#include <dcmtk/dcmfg/fgfracon.h>
#include <dcmtk/dcmfg/fgpixmsr.h>
#include <dcmtk/dcmfg/fgplanor.h>
#include <dcmtk/dcmfg/fgplanpo.h>
#include <dcmtk/dcmseg/segdoc.h>
#include <dcmtk/dcmseg/segment.h>

#include <algorithm>
#include <cstdio>

#include "core/error.h"
#include "core/sha256.h"
#include "report/printable_ascii.h"
#include "results/codes.h"
#include "results/image_reference.h"

namespace lumbargrade::results {
namespace {

/// A decimal string of at most 16 characters.
std::string decimal(double value) {
  std::array<char, 40> buffer{};
  for (int digits = 14; digits > 3; --digits) {
    std::snprintf(buffer.data(), buffer.size(), "%.*g", digits, value);
    if (std::string_view(buffer.data()).size() <= 16) break;
  }
  return buffer.data();
}

CodeSequenceMacro macro_of(const Code& code) {
  return {code.value, code.scheme, code.meaning};
}

std::unique_ptr<DcmSegmentation> empty_segmentation(const Volume& grid, const ResultOrigin& origin) {
  const IODGeneralEquipmentModule::EquipmentInfo equipment("LumbarGrade", printable_ascii(origin.bundle).c_str(),
                                                           origin.digest.substr(0, 16).c_str(), origin.program.c_str());
  ContentIdentificationMacro identification;
  require_good(identification.setInstanceNumber("1"), "a segmentation's number");
  require_good(identification.setContentLabel("LUMBAR_SPINE"), "a segmentation's label");
  require_good(identification.setContentDescription("Discs, vertebral bodies and canal; AI, research use only"),
               "a segmentation's description");
  require_good(identification.setContentCreatorName("LumbarGrade"), "a segmentation's creator");
  DcmSegmentation* created = nullptr;
  require_good(DcmSegmentation::createBinarySegmentation(created, static_cast<Uint16>(grid.rows),
                                                         static_cast<Uint16>(grid.columns), equipment, identification),
               "a segmentation");
  return std::unique_ptr<DcmSegmentation>(created);
}

/// What all frames share: orientation and spacing.
void add_shared_groups(DcmSegmentation& segmentation, const Volume& grid) {
  const auto& axes = grid.patient_from_index.linear();
  const Vector3 row = axes.col(0).normalized(), column = axes.col(1).normalized();
  std::array<std::string, 6> cosines;
  for (int axis = 0; axis < 3; ++axis) {
    cosines[static_cast<size_t>(axis)] = decimal(row[axis]);
    cosines[static_cast<size_t>(axis) + 3] = decimal(column[axis]);
  }
  const std::unique_ptr<FGPlaneOrientationPatient> orientation(
      FGPlaneOrientationPatient::createMinimal(cosines[0].c_str(), cosines[1].c_str(), cosines[2].c_str(),
                                               cosines[3].c_str(), cosines[4].c_str(), cosines[5].c_str()));
  require_good(orientation != nullptr, "a plane's orientation", "");
  require_good(segmentation.addForAllFrames(*orientation), "a plane's orientation");
  FGPixelMeasures measures;
  const std::string step = decimal(axes.col(2).norm());
  const std::string spacing = decimal(axes.col(1).norm()) + "\\" + decimal(axes.col(0).norm());
  require_good(measures.setPixelSpacing(spacing.c_str()), "the spacing of pixels");
  require_good(measures.setSpacingBetweenSlices(step.c_str()), "the spacing of slices");
  require_good(measures.setSliceThickness(step.c_str()), "the thickness of slices");
  require_good(segmentation.addForAllFrames(measures), "the spacing");
}

void add_dimensions(DcmSegmentation& segmentation, const ResultOrigin& origin) {
  IODMultiframeDimensionModule& dimensions = segmentation.getDimensions();
  const std::string uid = derived_uid(origin.digest, "dimensions");
  require_good(dimensions.addDimensionIndex(DCM_ReferencedSegmentNumber, uid.c_str(), DCM_SegmentIdentificationSequence,
                                            "segment"),
               "a dimension");
  require_good(
      dimensions.addDimensionIndex(DCM_ImagePositionPatient, uid.c_str(), DCM_PlanePositionSequence, "position"),
      "a dimension");
}

Uint16 add_segment(DcmSegmentation& segmentation, const MaskedStructure& masked, const ResultOrigin& origin) {
  DcmSegment* created = nullptr;
  const std::string label(masked.structure.name);
  require_good(DcmSegment::create(created, label.c_str(), macro_of(codes::kAnatomicalStructure),
                                  macro_of(structure_code(masked.structure)), DcmSegTypes::SAT_AUTOMATIC,
                                  printable_ascii(origin.bundle).c_str()),
               "a segment");
  require_good(created->setTrackingID(label.c_str()), "a segment's name");
  require_good(created->setTrackingUID(derived_uid(origin.digest, "segment " + label).c_str()), "a segment's UID");
  Uint16 number = 0;
  require_good(segmentation.addSegment(created, number), "a segment");
  return number;
}

/// One slice of one structure: 1 where it is.
std::vector<Uint8> frame_of(const SpineMasks& masks, const Volume& grid, int slice, std::uint8_t label) {
  const size_t size = static_cast<size_t>(grid.rows) * static_cast<size_t>(grid.columns);
  const auto from = masks.labels.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(slice) * size);
  std::vector<Uint8> frame(size);
  std::transform(from, from + static_cast<std::ptrdiff_t>(size), frame.begin(),
                 [&](std::uint8_t voxel) { return static_cast<Uint8>(voxel == label); });
  return frame;
}

std::unique_ptr<FGDerivationImage> derivation_of(const SliceSource& source) {
  ImageSOPInstanceReferenceMacro reference;
  const std::string sop_class = sop_class_of(source);
  require_good(reference.setReferencedSOPClassUID(sop_class.c_str()), "a source image");
  require_good(reference.setReferencedSOPInstanceUID(source.sop_instance_uid.c_str()), "a source image");
  if (source.frame > 0) {
    require_good(reference.addReferencedFrameNumber(static_cast<Uint16>(source.frame)), "a source image's frame");
  }
  OFVector<ImageSOPInstanceReferenceMacro> images;
  images.push_back(reference);
  return std::unique_ptr<FGDerivationImage>(FGDerivationImage::createMinimal(
      images, "", CodeSequenceMacro("113076", "DCM", "Segmentation"),
      CodeSequenceMacro("121322", "DCM", "Source image for image processing operation")));
}

void add_frame(DcmSegmentation& segmentation, std::vector<Uint8> pixels, Uint16 segment, const Volume& grid,
               int slice) {
  const SliceSource& source = grid.sources[static_cast<size_t>(slice)];
  const Vector3& corner = source.position_patient;
  const std::unique_ptr<FGPlanePosPatient> position(FGPlanePosPatient::createMinimal(
      decimal(corner.x()).c_str(), decimal(corner.y()).c_str(), decimal(corner.z()).c_str()));
  require_good(position != nullptr, "a plane's position", "");
  FGFrameContent content;
  require_good(content.setStackID("1"), "a frame's stack");
  require_good(content.setInStackPositionNumber(static_cast<Uint32>(slice + 1)), "a frame's place");
  require_good(content.setDimensionIndexValues(segment, 0), "a frame's index");
  require_good(content.setDimensionIndexValues(static_cast<Uint32>(slice + 1), 1), "a frame's index");
  OFVector<FGBase*> groups;
  groups.push_back(position.get());
  groups.push_back(&content);
  std::unique_ptr<FGDerivationImage> derivation;
  if (!source.sop_instance_uid.empty()) {
    derivation = derivation_of(source);
    require_good(derivation != nullptr, "a source image", "");
    groups.push_back(derivation.get());
  }
  require_good(segmentation.addFrame(pixels.data(), segment, groups), "a frame");
}

void add_frames(DcmSegmentation& segmentation, const Volume& grid, const SpineMasks& masks,
                const std::vector<MaskedStructure>& found, const ResultOrigin& origin) {
  for (const MaskedStructure& masked : found) {
    const Uint16 number = add_segment(segmentation, masked, origin);
    for (int slice = 0; slice < grid.slices; ++slice) {
      std::vector<Uint8> pixels = frame_of(masks, grid, slice, masked.structure.label);
      if (std::find(pixels.begin(), pixels.end(), 1) == pixels.end()) continue;
      add_frame(segmentation, std::move(pixels), number, grid, slice);
    }
  }
}

/// The references that every frame makes, by series (PS3.3 C.12.2).
void add_series_reference(DcmDataset& dataset, const Volume& grid) {
  DcmItem* series = nullptr;
  require_good(dataset.findOrCreateSequenceItem(DCM_ReferencedSeriesSequence, series, -2), "the series of the source");
  series->putAndInsertString(DCM_SeriesInstanceUID, grid.series_instance_uid.c_str());
  std::string last;
  for (const SliceSource& source : grid.sources) {
    if (source.sop_instance_uid.empty() || source.sop_instance_uid == last) continue;
    last = source.sop_instance_uid;
    DcmItem* instance = nullptr;
    require_good(series->findOrCreateSequenceItem(DCM_ReferencedInstanceSequence, instance, -2), "the source's images");
    const std::string sop_class = sop_class_of(source);
    instance->putAndInsertString(DCM_ReferencedSOPClassUID, sop_class.c_str());
    instance->putAndInsertString(DCM_ReferencedSOPInstanceUID, source.sop_instance_uid.c_str());
  }
}

}  // namespace

std::unique_ptr<DcmDataset> segmentation(const StudyReport& report, const SpineMasks& masks,
                                         const ResultOrigin& origin) {
  const Volume& grid = report.sagittal;
  const auto found = masked_structures(masks, grid);
  if (found.empty() || grid.sources.empty()) return nullptr;
  const auto object = empty_segmentation(grid, origin);
  require_good(object->getSeries().setSeriesNumber("1"), "a series' number");  // complete() sets the real one
  OFString frame_of_reference;
  origin.source->findAndGetOFString(DCM_FrameOfReferenceUID, frame_of_reference);
  if (frame_of_reference.empty()) {
    frame_of_reference = derived_uid(origin.digest, "frame of reference " + grid.series_instance_uid).c_str();
  }
  require_good(object->getFrameOfReference().setFrameOfReferenceUID(frame_of_reference), "the frame of reference");
  add_dimensions(*object, origin);
  add_shared_groups(*object, grid);
  add_frames(*object, grid, masks, found, origin);
  auto dataset = std::make_unique<DcmDataset>();
  require_good(object->writeDataset(*dataset), "the segmentation");
  dataset->findAndDeleteElement(DCM_ReferencedSeriesSequence);
  add_series_reference(*dataset, grid);
  const std::string_view labels(reinterpret_cast<const char*>(masks.labels.data()), masks.labels.size());
  complete(*dataset, origin, ResultKind::Segmentation, sha256_of_bytes(labels), 1);
  return dataset;
}

}  // namespace lumbargrade::results
