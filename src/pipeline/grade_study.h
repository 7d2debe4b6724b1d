#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "grades/grading.h"
#include "levels/spine_masks.h"
#include "pipeline/prepare_study.h"
#include "pipeline/study_reading.h"

namespace lumbargrade {

/// What stays the same from study to study: made once, used for many.
struct Grader {
  GradingSpec model;  ///< of the bundle's manifest
  SpineLocator locate;
  /// Puts the points of the bundle's networks into a located spine (LevelFrame::points); empty where it has none.
  std::function<void(const Study& study, Spine& spine)> find_points;
  /// Runs the grading networks; empty where the bundle has none.
  std::function<NetworkGrades(const Study& study, const Spine& spine)> predict;
  /// Draws discs, vertebral bodies and canal of a located spine: runs the locator's networks once more.
  std::function<SpineMasks(const Volume& sagittal, const Spine& spine)> mask;
};

/// Wall-clock times of one study.
struct StudyTimes {
  double read_ms = 0;
  double levels_ms = 0;
  double grade_ms = 0;
};

struct StudyResult {
  std::string study_id;
  std::string study_instance_uid;
  StudyGrades grades;
  Spine spine;
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

/// A study with what its result was made from: reports draw on the images.
struct StudyAndResult {
  PreparedStudy prepared;
  StudyResult result;
};

/// The spine of a study, with its points found: what every command and training cuts crops by. Errors as of
/// located_spine.
Spine spine_with_points(const PreparedStudy& prepared, const Grader& grader);

/// Prepares (prepare_study), locates and grades one study. Where the spine is sought on sagittal T1, the canal's rows
/// are flagged `measured_on_t1`. Throws StudyError.
StudyAndResult read_and_grade(const std::filesystem::path& folder, const StudyOptions& options, const Grader& grader);

/// The same of a study whose reading has begun: its time is what was waited for it.
StudyAndResult read_and_grade(StudyReading& reading, const Grader& grader);

/// The part after reading.
StudyResult grade_study(const PreparedStudy& prepared, const Grader& grader);

/// Tells on the log what was used and found: series, slices, levels with confidence, flags, warnings.
void log_study(const StudyResult& result);

}  // namespace lumbargrade
