#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "grades/grading.h"
#include "study/study.h"

namespace lumbargrade {

/// What stays the same from study to study: made once, used for many.
struct Grader {
  GradingModel model;
  /// Finds the spine in a sagittal volume, or throws Error (NoUsableStudy).
  std::function<Spine(const Volume& sagittal)> locate;
  /// Runs the grading networks; empty where the bundle has none.
  std::function<NetworkGrades(const Study& study, const Spine& spine)> look;
};

/// Wall-clock times of one study.
struct StudyTimes {
  double read_ms = 0;
  double levels_ms = 0;
  double grade_ms = 0;
};

struct StudyResult {
  std::string study_id;
  StudyGrades grades;
  Spine spine;
  SeriesRole graded_series = SeriesRole::None;  ///< of the series in which the spine was found
  std::vector<SeriesSummary> series;
  std::vector<std::string> warnings;
  StudyTimes times;
};

/// A study that could not be graded, and in which stage: "read", "levels" or "grade".
class StudyError : public Error {
 public:
  StudyError(const Error& cause, std::string stage) : Error(cause), stage_(std::move(stage)) {}
  const std::string& stage() const { return stage_; }

 private:
  std::string stage_;
};

/// Reads, locates and grades one study folder. The spine is sought on sagittal T2, on sagittal T1 where there is no T2;
/// the canal's rows are then flagged `measured_on_t1`. Throws StudyError.
StudyResult grade_study(const std::filesystem::path& folder, const StudyOptions& options, const Grader& grader);

/// The part after reading.
StudyResult grade_study(Study study, const Grader& grader);

/// Tells on the log what was used and found: series, slices, levels with confidence, flags, warnings.
void log_study(const StudyResult& result);

}  // namespace lumbargrade
