#pragma once

#include <string>
#include <vector>

#include "crops/crop.h"
#include "grades/grade.h"
#include "levels/spine.h"
#include "report/prior_study.h"
#include "study/study.h"

namespace lumbargrade {

/// What is told of the bundle that graded.
struct BundleIdentity {
  std::string bundle_name;
  std::string bundle_version;
  std::string bundle_sha256;  ///< of its manifest, which pins every other file
  std::string intended_use;   ///< the bundle's own words
  std::string licence;
  std::vector<std::string> learned_from;  ///< what each part of the bundle learned from, a sentence each
};

/// What made a result: printed in every report.
struct ReportOrigin : BundleIdentity {
  std::string created_utc;       ///< "2026-11-29T06:30:00Z"
  std::string program;           ///< "lumbargrade 0.1.0"
  MeasureModels measure_models;  ///< the bundle's cut-points
};

/// All that a report of one study is made of.
struct StudyReport {
  std::string study_id;    ///< the study's name in all results
  const Study& study;      ///< with its volumes
  const Volume& sagittal;  ///< that in which the spine was found
  const Spine& spine;
  const StudyGrades& grades;
  std::vector<std::string> warnings;  ///< of reading and grading
  ReportOrigin origin;
  /// Lines that name the patient: filled only where the user asked for it.
  std::vector<std::string> patient;
  std::optional<PriorStudy> prior;  ///< an earlier study to compare with
};

/// The words with their first letter a capital.
std::string with_capital(std::string words);

/// The row of one finding.
const Grade& row_of(const StudyGrades& grades, const Finding& finding);

/// The sentence that explains each flag.
std::vector<std::string> flag_sentences(const std::vector<std::string>& flags);

/// What a reader should know first, as sentences: study-wide flags, missing series, warnings.
std::vector<std::string> report_notes(const StudyReport& report);

/// Roles for which the study has no series: "sagittal T1", "axial T2".
std::vector<std::string> missing_series(const Study& study);

}  // namespace lumbargrade
