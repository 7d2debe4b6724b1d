#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmsr/dsrcodvl.h>

#include "core/finding.h"
#include "levels/spine_masks.h"

namespace lumbargrade::results {

/// Every code that a result in DICOM carries. SNOMED CT (SCT) and DICOM's own (DCM) where PS3.16 lists one: discs of
/// CID 7604, levels of CID 1003, vertebrae of CID 7603. What no public list names without contradiction (stenosis of
/// foramen and recess, "normal or mild" as one grade, our probabilities and measures) has the private scheme.
struct Code {
  const char* value;
  const char* scheme;
  const char* meaning;

  DSRCodedEntryValue entry() const { return {value, scheme, meaning}; }
};

inline constexpr const char* kPrivateScheme = "99LUMBARGRADE";
inline constexpr const char* kPrivateSchemeName = "LumbarGrade";

namespace codes {
// Concept names of TID 1500, 1410, 1501, 1419 and 4019.
inline constexpr Code kImagingMeasurements = {"126010", "DCM", "Imaging Measurements"};
inline constexpr Code kMeasurementGroup = {"125007", "DCM", "Measurement Group"};
inline constexpr Code kTrackingIdentifier = {"112039", "DCM", "Tracking Identifier"};
inline constexpr Code kTrackingUniqueIdentifier = {"112040", "DCM", "Tracking Unique Identifier"};
inline constexpr Code kFinding = {"121071", "DCM", "Finding"};
inline constexpr Code kFindingSite = {"363698007", "SCT", "Finding Site"};
inline constexpr Code kLaterality = {"272741003", "SCT", "Laterality"};
inline constexpr Code kImageRegion = {"111030", "DCM", "Image Region"};
inline constexpr Code kAlgorithmName = {"111001", "DCM", "Algorithm Name"};
inline constexpr Code kAlgorithmVersion = {"111003", "DCM", "Algorithm Version"};
inline constexpr Code kAlgorithmParameters = {"111002", "DCM", "Algorithm Parameters"};
// Head of a report: title (CID 7021), procedure (CID 100), language (CID 5000). DCMTK's own enumerators of these
// changed their names between 3.6.7 and 3.6.9.
inline constexpr Code kImagingMeasurementReport = {"126000", "DCM", "Imaging Measurement Report"};
inline constexpr Code kMri = {"25056-3", "LN", "MRI unspecified body region"};
inline constexpr Code kEnglish = {"eng", "RFC5646", "English"};
// Units (UCUM).
inline constexpr Code kNoUnits = {"1", "UCUM", "no units"};
inline constexpr Code kMillimetre = {"mm", "UCUM", "millimeter"};
inline constexpr Code kSquareMillimetre = {"mm2", "UCUM", "square millimeter"};
// Sides and structures.
inline constexpr Code kLeft = {"7771000", "SCT", "Left"};
inline constexpr Code kRight = {"24028007", "SCT", "Right"};
inline constexpr Code kVertebralCanal = {"61853006", "SCT", "Vertebral canal"};
inline constexpr Code kAnatomicalStructure = {"123037004", "SCT", "Anatomical Structure"};
// Our own.
inline constexpr Code kGrade = {"GRADE", kPrivateScheme, "Grade of stenosis"};
inline constexpr Code kNormalMild = {"NORMAL_MILD", kPrivateScheme, "Normal or mild"};
inline constexpr Code kModerate = {"6736007", "SCT", "Moderate"};
inline constexpr Code kSevere = {"24484000", "SCT", "Severe"};
inline constexpr Code kSource = {"SOURCE", kPrivateScheme, "Source of the grade"};
inline constexpr Code kFlags = {"FLAGS", kPrivateScheme, "Flags"};
inline constexpr Code kLevelConfidence = {"LEVEL_CONFIDENCE", kPrivateScheme, "Confidence in the level"};
}  // namespace codes

Code probability_code(Severity severity);  ///< concept name of its probability
Code grade_code(Severity severity);
Code condition_code(Condition condition);
Code level_code(Level level);                          ///< level of the disc
Code structure_code(const SpineStructure& structure);  ///< segmented property type
/// A measure's concept name: its key (16 characters of it are the code) and words.
DSRCodedEntryValue measure_code(const std::string& key, const std::string& words);

}  // namespace lumbargrade::results
