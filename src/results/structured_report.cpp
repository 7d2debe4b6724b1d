#include "results/structured_report.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmsr/cmr/tid1500.h>
#include <dcmtk/dcmsr/dsrdoc.h>

#include <set>
#include <utility>

#include "core/error.h"
#include "core/number_text.h"
#include "report/grades_csv.h"
#include "report/measure_list.h"
#include "report/printable_ascii.h"
#include "report/probability_text.h"
#include "report/severity_style.h"
#include "results/codes.h"
#include "results/image_reference.h"

namespace lumbargrade::results {
namespace {

/// Adds content items to a document's tree.
class TreeWriter {
 public:
  explicit TreeWriter(DSRDocumentTree& tree) : tree_(tree) {}

  /// Goes to the container in which measurement groups stand, adding it at the end of the report where it is missing.
  void go_to_measurements() {
    tree_.gotoRoot();
    if (tree_.gotoNamedChildNode(codes::kImagingMeasurements.entry()) != 0) return;
    tree_.gotoRoot();
    child(DSRTypes::RT_contains, DSRTypes::VT_Container, codes::kImagingMeasurements.entry());
  }

  /// Opens a container below the current item: what follows goes into it until `close`.
  void open_group(const char* template_number) {
    child(DSRTypes::RT_contains, DSRTypes::VT_Container, codes::kMeasurementGroup.entry());
    require_good(item().setTemplateIdentification(template_number, "DCMR"), "a measurement group's template");
  }
  void close() { tree_.goUp(); }

  void text(DSRTypes::E_RelationshipType relation, const Code& concept_name, const std::string& words,
            DSRTypes::E_ValueType type = DSRTypes::VT_Text) {
    child(relation, type, concept_name.entry());
    require_good(item().setStringValue(words.c_str()), concept_name.meaning);
    close();
  }

  void number(const DSRCodedEntryValue& concept_name, double value, const Code& unit) {
    child(DSRTypes::RT_contains, DSRTypes::VT_Num, concept_name);
    require_good(
        item().setNumericValue(DSRNumericMeasurementValue(fixed_decimals(value, kTableDecimals).c_str(), unit.entry())),
        "a number");
    close();
  }

  void code(DSRTypes::E_RelationshipType relation, const Code& concept_name, const Code& value) {
    open_code(relation, concept_name, value);
    close();
  }

  /// The level, and the side as its modifier.
  void site(const Finding& finding) {
    open_code(DSRTypes::RT_hasConceptMod, codes::kFindingSite, level_code(finding.level));
    if (finding.side) {
      code(DSRTypes::RT_hasConceptMod, codes::kLaterality, *finding.side == Side::Left ? codes::kLeft : codes::kRight);
    }
    close();
  }

  void point(const ImagePoint& point) {
    child(DSRTypes::RT_contains, DSRTypes::VT_SCoord, codes::kImageRegion.entry());
    DSRSpatialCoordinatesValue coordinates(DSRTypes::GT_Point);
    coordinates.getGraphicDataList().addItem(static_cast<Float32>(point.column), static_cast<Float32>(point.row));
    require_good(item().setSpatialCoordinates(coordinates), "a point");
    child(DSRTypes::RT_selectedFrom, DSRTypes::VT_Image, {});
    DSRImageReferenceValue image(sop_class_of(point.image).c_str(), point.image.sop_instance_uid.c_str());
    if (point.image.frame > 0) image.getFrameList().addItem(point.image.frame);
    require_good(item().setImageReference(image), "an image reference");
    close();
    close();
  }

 private:
  DSRContentItem& item() { return tree_.getCurrentContentItem(); }

  /// Below the current item, behind its other children; the new item is current afterwards.
  void child(DSRTypes::E_RelationshipType relation, DSRTypes::E_ValueType type,
             const DSRCodedEntryValue& concept_name) {
    const bool is_added = tree_.addContentItem(relation, type, DSRTypes::AM_belowCurrent) != 0;
    require_good(is_added, "a content item is refused", concept_name.getCodeMeaning().c_str());
    if (!concept_name.isEmpty()) require_good(item().setConceptName(concept_name), "a concept name");
  }

  void open_code(DSRTypes::E_RelationshipType relation, const Code& concept_name, const Code& value) {
    child(relation, DSRTypes::VT_Code, concept_name.entry());
    require_good(item().setCodeValue(value.entry()), concept_name.meaning);
  }

  DSRDocumentTree& tree_;
};

std::string finding_words(const Finding& finding) {
  const std::string side = finding.side ? text(" ", side_name(*finding.side)) : "";
  return text(level_name(finding.level), side, " ", condition_code(finding.condition).meaning);
}

const Code& unit_code(const std::string& unit) {
  if (unit == "mm") return codes::kMillimetre;
  return unit == "mm2" ? codes::kSquareMillimetre : codes::kNoUnits;
}

void write_numbers(TreeWriter& writer, const Grade& grade) {
  const auto printed = printed_probabilities(grade.probabilities);
  for (int k = 0; k < kSeverityCount; ++k) {
    writer.number(probability_code(static_cast<Severity>(k)).entry(), std::stod(printed[static_cast<size_t>(k)]),
                  codes::kNoUnits);
  }
  for (const ReportedMeasure& measure : measures_of(grade)) {
    writer.number(measure_code(measure.key, measure.words), measure.value, unit_code(measure.unit));
  }
  writer.number(codes::kLevelConfidence.entry(), grade.level_confidence, codes::kNoUnits);
}

void write_group(TreeWriter& writer, const StudyReport& report, const ResultOrigin& origin, const Grade& grade) {
  const auto point = point_on_image(report, grade);
  const Severity severity = most_probable(grade.probabilities);
  writer.open_group(point ? "1410" : "1501");
  writer.text(DSRTypes::RT_hasObsContext, codes::kTrackingIdentifier,
              finding_words(grade.finding) + ": " + grade_words(grade));
  writer.text(DSRTypes::RT_hasObsContext, codes::kTrackingUniqueIdentifier,
              derived_uid(origin.digest, finding_key(grade.finding)), DSRTypes::VT_UIDRef);
  writer.code(DSRTypes::RT_contains, codes::kFinding, condition_code(grade.finding.condition));
  writer.site(grade.finding);
  writer.text(DSRTypes::RT_hasConceptMod, codes::kAlgorithmName, printable_ascii(origin.bundle));
  writer.text(DSRTypes::RT_hasConceptMod, codes::kAlgorithmVersion, origin.program);
  writer.text(DSRTypes::RT_hasConceptMod, codes::kAlgorithmParameters,
              text("manifest sha256 ", report.origin.bundle_sha256));
  if (point) writer.point(*point);
  write_numbers(writer, grade);
  writer.code(DSRTypes::RT_contains, codes::kGrade, grade_code(severity));
  writer.text(DSRTypes::RT_contains, codes::kSource, std::string(source_name(grade.source)));
  writer.text(DSRTypes::RT_contains, codes::kFlags, printable_ascii(joined_flags(grade)));
  writer.close();
}

/// The images that the points lie on, each once, in the order of the findings.
std::vector<ImagePoint> referenced_images(const StudyReport& report) {
  std::vector<ImagePoint> images;
  std::set<std::pair<std::string, std::string>> known;
  for (const Grade& grade : report.grades) {
    const auto point = point_on_image(report, grade);
    if (!point || point->image.sop_instance_uid.empty()) continue;
    if (known.emplace(point->series_instance_uid, point->image.sop_instance_uid).second) images.push_back(*point);
  }
  return images;
}

void add_to_library(TID1600_ImageLibrary& library, const ImagePoint& image, const ResultOrigin& origin) {
  DcmDataset entry;
  entry.putAndInsertString(DCM_SOPClassUID, sop_class_of(image.image).c_str());
  entry.putAndInsertString(DCM_SOPInstanceUID, image.image.sop_instance_uid.c_str());
  entry.putAndInsertString(DCM_StudyInstanceUID, origin.study_instance_uid.c_str());
  entry.putAndInsertString(DCM_SeriesInstanceUID, image.series_instance_uid.c_str());
  entry.putAndInsertString(DCM_Modality, "MR");
  require_good(library.addImageEntry(entry, TID1600_ImageLibrary::withoutDescriptors), "an entry of the image library");
}

void set_header(TID1500_MeasurementReport& header, const std::vector<ImagePoint>& images, const ResultOrigin& origin) {
  require_good(header.setLanguage(codes::kEnglish.entry()), "the language");
  require_good(header.getObservationContext().addDeviceObserver(
                   derived_uid(origin.bundle + origin.program, "device").c_str(), "LumbarGrade", "LumbarGrade",
                   printable_ascii(origin.bundle).c_str()),
               "the observer");
  require_good(header.addProcedureReported(codes::kMri.entry()), "the procedure");
  require_good(header.getImageLibrary().createNewImageLibrary(), "the image library");
  require_good(header.getImageLibrary().addImageGroup(), "the image library");
  for (const ImagePoint& image : images) add_to_library(header.getImageLibrary(), image, origin);
}

}  // namespace

std::unique_ptr<DcmDataset> structured_report(const StudyReport& report, const ResultOrigin& origin) {
  std::vector<ImagePoint> images = referenced_images(report);
  // The library of a report must name an image: the first of the graded series.
  if (images.empty()) {
    if (report.sagittal.sources.empty()) throw Error(ErrorKind::Failure, "DICOM report: the study names no image");
    images.push_back({report.sagittal.series_instance_uid, report.sagittal.sources.front()});
  }
  TID1500_MeasurementReport header(codes::kImagingMeasurementReport.entry());
  set_header(header, images, origin);

  DSRDocument document(DSRTypes::DT_ComprehensiveSR);
  require_good(document.setTreeFromRootTemplate(header), "the report's template");
  // The template makes an Enhanced SR; viewers look for a Comprehensive one.
  require_good(document.getTree().changeDocumentType(DSRTypes::DT_ComprehensiveSR, OFFalse), "the kind of report");
  TreeWriter writer(document.getTree());
  writer.go_to_measurements();
  for (const Grade& grade : report.grades) write_group(writer, report, origin, grade);

  require_good(document.getCodingSchemeIdentification().addItem(kPrivateScheme, "", kPrivateSchemeName, "LumbarGrade"),
               "the coding scheme");
  for (const ImagePoint& image : images) {
    document.getCurrentRequestedProcedureEvidence().addItem(
        origin.study_instance_uid.c_str(), image.series_instance_uid.c_str(), sop_class_of(image.image).c_str(),
        image.image.sop_instance_uid.c_str());
  }
  require_good(document.completeDocument(), "the completion flag");
  auto dataset = std::make_unique<DcmDataset>();
  require_good(document.write(*dataset), "the report");
  complete(*dataset, origin, ResultKind::StructuredReport, "", 1);
  return dataset;
}

}  // namespace lumbargrade::results
