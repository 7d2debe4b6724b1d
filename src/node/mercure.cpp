#include "node/mercure.h"

#include <cstdlib>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "pipeline/load_grader.h"
#include "pipeline/report_files.h"
#include "report/grades_json.h"
#include "study/header_uids.h"

namespace lumbargrade::node {
namespace {

namespace fs = std::filesystem;

fs::path folder_from(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || !fs::is_directory(value)) {
    throw Error(ErrorKind::Usage, text(variable, " names no folder: mercure sets it for a module"));
  }
  return value;
}

/// mercure tells series by what stands before the #.
void place_result(const fs::path& file, const fs::path& out) {
  const auto uids = read_header_uids(file);
  if (!uids) throw Error(ErrorKind::Failure, text(file.string(), " cannot be read back"));
  const fs::path target = out / (uids->series_instance_uid + "#" + uids->sop_instance_uid + ".dcm");
  std::error_code problem;
  fs::rename(file, target, problem);
  if (problem) throw Error(ErrorKind::Failure, text("cannot write ", target.string(), ": ", problem.message()));
}

}  // namespace

void run_mercure_module(const std::string& program) {
  const fs::path in = folder_from("MERCURE_IN_DIR"), out = folder_from("MERCURE_OUT_DIR");
  const StudyOptions study;
  const GraderOptions options;
  const LoadedGrader loaded = load_grader(options);
  const StudyAndResult graded = read_and_grade(in, study, loaded.grader);
  const StudyReport report = make_study_report(graded, loaded, program);
  ReportOptions results;
  results.dicom = {"sr", "sc", "seg"};
  const fs::path work = out / ".lumbargrade";
  make_folder(work);
  for (const std::string& file :
       write_report_files(work, report, results, loaded.grader, deciding_options(study, options, loaded.precision))) {
    place_result(work / file, out);
  }
  std::error_code ignored;
  fs::remove_all(work, ignored);
  write_file_atomically(out / "result.json", grades_json(report));
  log_study(graded.result);
}

}  // namespace lumbargrade::node
