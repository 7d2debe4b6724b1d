#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pipeline/load_grader.h"

namespace lumbargrade {

struct WorkerOptions {
  StudyOptions series;
  GraderOptions grader;
  bool only_inspect = false;
  std::string reports;  ///< output folder of the batch, for pages of studies (index.h); empty: none are written
  std::vector<std::string> dicom;  ///< any of "sr", "sc", "seg": beside the page of each study
  std::string program;             ///< "lumbargrade 0.1.0", for the pages
};

/// The life of a fork server (fork_server.h) and, in the processes that it forks, of the workers, which read and grade
/// studies for a batch. Hostile files are decoded here: a crash or an exhausted memory limit costs the one study that
/// caused it.
///
/// The fork server loads the bundle, which its workers share. Where a GPU is to be used each worker loads it for
/// itself, since nothing that was begun on a GPU survives a fork.
///
/// A request on standard input is texts, each ended by a zero byte, since names may hold any other: study id, folder,
/// StudyInstanceUID (of an archive of several studies; else empty), result file, a number, and so many files, which are
/// the study's where the folder holds others too. The worker writes
/// the result file (result_file.h; whole or not at all) and answers one line of JSON on its replies: {"graded": true,
/// "read_ms", "levels_ms", "grade_ms", "warnings"} or {"graded": false, "kind", "stage", "reason"}, with "stops_all":
/// true where no other result could be written either. Its first line is {"ready": true, bundle and device} or
/// {"ready": false, "kind", "reason"}. It ends when its input ends or its parent dies.
///
/// With `reports` it writes a study's page, and the DICOM results that `dicom` names, before the result file, so that a
/// finished study has one.
///
/// With `only_inspect` it writes no file; the answer then holds "overview", the study's cells of the data set's table
/// (study_summary.h). A bundle is then loaded only when one is named, for series whose headers do not tell their role.
int run_worker(const WorkerOptions& options);

}  // namespace lumbargrade
