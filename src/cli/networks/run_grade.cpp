#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/commands.h"
#include "cli/grade_options.h"
#include "cli/networks/run_commands.h"
#include "core/atomic_file.h"
#include "core/files.h"
#include "core/log.h"
#include "core/progress.h"
#include "dicom/source_header.h"
#include "pipeline/load_grader.h"
#include "pipeline/report_files.h"
#include "pipeline/run_record.h"
#include "pipeline/stopwatch.h"
#include "report/grades_csv.h"
#include "report/grades_json.h"
#include "report/grades_table.h"

namespace lumbargrade::cli {
namespace {

namespace fs = std::filesystem;

/// Lines that name the patient, for a page that shall.
std::vector<std::string> patient_lines(const dicom::SourceHeader& header) {
  const dicom::PatientText patient = dicom::patient_text(header);
  std::vector<std::string> lines;
  const auto add = [&](const char* label, const std::string& value) {
    if (!value.empty()) lines.push_back(text(label, ": ", value));
  };
  add("Patient", patient.name);
  add("Patient ID", patient.patient_id);
  add("Born", patient.birth_date);
  add("Sex", patient.sex);
  add("Examined", patient.study_date);
  return lines;
}

StudyReport report_of(const GradeOptions& options, const StudyAndResult& graded, const LoadedGrader& loaded) {
  StudyReport report = make_study_report(graded, loaded, program_text());
  if (options.report.show_patient) report.patient = patient_lines(graded.prepared.study.header);
  if (!options.report.prior.empty()) {
    report.prior =
        read_prior_study(options.report.prior, options.series, loaded, program_text(), graded.prepared.study.header);
  }
  return report;
}

bool needs_report(const GradeOptions& options) {
  return options.output.empty() ? options.format == "json" : options.report.any();
}

std::string formatted(const GradeOptions& options, const StudyResult& result,
                      const std::optional<StudyReport>& report) {
  if (options.format == "table") return grades_table(result.study_id, result.grades);
  if (options.format == "wide") return grades_wide_csv(result.study_id, result.grades);
  if (report) return grades_json(*report);
  return grades_csv(result.study_id, result.study_instance_uid, result.grades);
}

nlohmann::ordered_json options_json(const GradeOptions& options) {
  return {{"study", options.study}, {"series", to_json(options.series)}, {"grader", to_json(options.grader)}};
}

RunRecord record_of(const GradeOptions& options, const StudyResult& result, const std::vector<std::string>& outputs) {
  RunRecord record;
  record.command = "grade";
  record.version = version_text();
  record.options = options_json(options);
  record.counts = {{"studies", 1}, {"graded", 1}, {"levels_found", result.spine.level_count()}};
  record.warnings = result.warnings;
  record.outputs = outputs;
  if (!options.attention.empty()) record.outputs.push_back(options.attention);
  return record;
}

void write_attention(const std::string& file, const StudyResult& result, bool force) {
  write_file_atomically(file, attention_csv(result.study_id, result.grades), force);
  log_info(text("wrote ", file));
  const bool any = std::any_of(result.grades.begin(), result.grades.end(),
                               [](const Grade& grade) { return !grade.attention.empty(); });
  if (!any) log_warning("no finding was graded by a network: the attention table has no rows");
}

std::vector<std::string> write_report(const GradeOptions& options, const StudyReport& report,
                                      const LoadedGrader& loaded) {
  const Waiting waiting("writing the report");
  return write_report_files(options.output, report, options.report, loaded.grader,
                            deciding_options(options.series, options.grader, loaded.precision));
}

/// Writes everything but the record; returns the names of the files in the output folder. `report` is there where
/// something is made of it.
std::vector<std::string> write_outputs(const GradeOptions& options, const StudyResult& result,
                                       const std::optional<StudyReport>& report, const LoadedGrader& loaded) {
  if (!options.output.empty()) make_folder(options.output);
  if (!options.attention.empty()) write_attention(options.attention, result, options.force);
  if (options.output.empty()) {
    print(formatted(options, result, report));
    return {};
  }
  write_file_atomically(fs::path(options.output) / kGradesFile,
                        grades_csv(result.study_id, result.study_instance_uid, result.grades), options.force);
  print(grades_table(result.study_id, result.grades));
  log_info(text("wrote ", (fs::path(options.output) / kGradesFile).string()));
  std::vector<std::string> files = {kGradesFile};
  if (report) {
    for (std::string& file : write_report(options, *report, loaded)) {
      log_info(text("wrote ", (fs::path(options.output) / file).string()));
      files.push_back(std::move(file));
    }
  }
  if (options.force) remove_unwritten(options.output, every_report_file_name(), files);
  files.emplace_back(kRecordFile);
  return files;
}

void log_times(const std::vector<std::pair<std::string, double>>& times_ms) {
  std::string line = "times:";
  double total_ms = 0;
  for (const auto& [stage, ms] : times_ms) {
    line += text(" ", stage, " ", std::lround(ms), " ms,");
    total_ms += ms;
  }
  log_info(text(line, " total ", std::lround(total_ms), " ms"));
}

}  // namespace

int run_grade(const GradeOptions& options, StudyReading& reading) {
  const std::string started = utc_timestamp();
  std::optional<Waiting> waiting(std::in_place, text("grading ", options.study));
  const LoadedGrader loaded = load_grader(options.grader);
  log_debug(text("bundle ", loaded.bundle_folder.string(), ", device ", loaded.device, ", ", loaded.precision, ", ",
                 loaded.threads, " threads"));
  const double start_ms = ms_since_process_start();
  const StudyAndResult graded = read_and_grade(reading, loaded.grader);
  waiting.reset();
  const StudyResult& result = graded.result;
  log_study(result);
  log_info(text("study ", result.study_id, ": ", kNotice));
  const Stopwatch writing;
  // Before anything is written: an earlier study that cannot be read leaves nothing half done.
  std::optional<StudyReport> report;
  if (needs_report(options)) report.emplace(report_of(options, graded, loaded));
  const std::vector<std::string> files = write_outputs(options, result, report, loaded);
  RunRecord record = record_of(options, result, files);
  record.started_utc = started;
  record.times_ms = {{"start", start_ms},
                     {"read", result.times.read_ms},
                     {"levels", result.times.levels_ms},
                     {"grade", result.times.grade_ms},
                     {"write", writing.elapsed_ms()}};
  if (!options.output.empty()) {
    write_file_atomically(fs::path(options.output) / kRecordFile, run_record_json(record, loaded), options.force);
  }
  log_times(record.times_ms);
  return 0;
}

}  // namespace lumbargrade::cli
