#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/load_grader.h"
#include "pipeline/report_file_names.h"
#include "report/study_report.h"

namespace lumbargrade {

/// Those options that decide what the results are, as text: choice of study and series, naming of levels, arithmetic.
/// Not where files lie, nor threads and limits; nor a table of series descriptions: what it decides is told as evidence
/// of the series in grades.json, which goes into the UIDs too.
std::string deciding_options(const StudyOptions& study, const GraderOptions& grader, const std::string& precision);

/// All that the reports say. `program` is "lumbargrade 0.1.0". It refers to `graded`, which must outlive it.
StudyReport make_study_report(const StudyAndResult& graded, const LoadedGrader& loaded, const std::string& program);

/// Writes what an index links to (index_page.h), the study's page and a small picture, into `folder`, which is made.
/// Throws Error (Failure).
void write_indexed_page(const std::filesystem::path& folder, const StudyReport& report);

/// The earlier study that `--prior` names: the grades.json of its results, or else the study itself, graded now with
/// the same bundle. `header` is the present study's: another patient's study is warned of; results do not say whose
/// they are. Throws Error (Usage) where the folder holds neither.
PriorStudy read_prior_study(const std::string& folder, const StudyOptions& options, const LoadedGrader& loaded,
                            const std::string& program, const dicom::SourceHeader& header);

/// Writes what `options` ask for into `folder`, which exists, and takes away what an earlier run left under the same
/// names. `run_options` are the deciding_options: they go into the UIDs of DICOM results. Returns the files, relative
/// to the folder. Throws Error (Failure).
std::vector<std::string> write_report_files(const std::filesystem::path& folder, const StudyReport& report,
                                            const ReportOptions& options, const Grader& grader,
                                            const std::string& run_options);

}  // namespace lumbargrade
