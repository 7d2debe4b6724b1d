#include "pipeline/grade_study.h"

#include "core/flags.h"
#include "core/log.h"
#include "core/number_text.h"
#include "pipeline/evidence.h"
#include "pipeline/stopwatch.h"

namespace lumbargrade {
namespace {

/// Runs one stage: measures it and names it in the errors that leave it.
template <typename Stage>
auto run_stage(const char* name, double& elapsed_ms, Stage stage) {
  const Stopwatch stopwatch;
  try {
    auto result = stage();
    elapsed_ms = stopwatch.elapsed_ms();
    return result;
  } catch (const Error& error) {
    throw StudyError(error, name);
  } catch (const std::exception& error) {
    throw StudyError(Error(ErrorKind::Failure, error.what()), name);
  }
}

template <typename Read>
StudyAndResult graded_when_read(const Read& read, const Grader& grader) {
  StudyAndResult graded;
  double read_ms = 0;
  graded.prepared = run_stage("read", read_ms, read);
  graded.result = grade_study(graded.prepared, grader);
  graded.result.times.read_ms = read_ms;
  return graded;
}

void flag_canals(StudyGrades& grades, const Flag& flag) {
  for (Grade& grade : grades) {
    if (grade.measured[Measure::CanalAp]) grade.flags.emplace_back(flag.word);
  }
}

/// Fluid is dark on T1.
void forget_fluid(Spine& spine) {
  for (auto& level : spine.levels) {
    if (level && level->canal) level->canal->fluid_ratio.reset();
  }
}

std::string level_line(const Spine& spine, Level level) {
  const auto& frame = spine.levels[index_of(level)];
  if (!frame) return text(level_name(level), " not found");
  std::string line = text(level_name(level), " confidence ", fixed_decimals(frame->confidence, 2));
  if (frame->canal) line += text(", canal ", fixed_decimals(frame->canal->diameter_mm, 1), " mm");
  return line;
}

void log_series(const SeriesSummary& series) {
  if (!series.used) {
    log_debug(text("series ", series.name, " is not used: ",
                   series.role == SeriesRole::None ? "" : text("another ", role_name(series.role), " is; "),
                   series.evidence.empty() ? "nothing tells its role" : series.evidence));
    return;
  }
  int slices = 0;
  for (const BlockSummary& block : series.blocks) slices += block.used ? block.slices : 0;
  log_info(text("series ", series.name, ": ", role_name(series.role), ", ", slices, " slices",
                series.evidence.empty() ? "" : text(" (", series.evidence, ")")));
}

}  // namespace

Spine spine_with_points(const PreparedStudy& prepared, const Grader& grader) {
  Spine spine = located_spine(prepared, grader.locate);
  if (grader.find_points) grader.find_points(prepared.study, spine);
  weigh_evidence(prepared.sagittal_volume(), spine);
  return spine;
}

StudyAndResult read_and_grade(const std::filesystem::path& folder, const StudyOptions& options, const Grader& grader) {
  return graded_when_read([&] { return prepare_study(folder, options, grader.locate); }, grader);
}

StudyAndResult read_and_grade(StudyReading& reading, const Grader& grader) {
  return graded_when_read([&] { return reading.finished(grader.locate); }, grader);
}

StudyResult grade_study(const PreparedStudy& prepared, const Grader& grader) {
  const Study& study = prepared.study;
  const bool is_t1 = prepared.sagittal() == SeriesRole::SagittalT1;
  StudyResult result;
  result.study_id = study.study_id;
  result.study_instance_uid = study.study_instance_uid;
  result.spine = run_stage("levels", result.times.levels_ms, [&] { return spine_with_points(prepared, grader); });
  if (is_t1) forget_fluid(result.spine);
  result.grades = run_stage("grade", result.times.grade_ms, [&] {
    const NetworkGrades networks = grader.predict ? grader.predict(study, result.spine) : NetworkGrades{};
    return grade_findings(result.spine, prepared.sagittal_volume(), grader.model, networks,
                          measure_study(study, result.spine, grader.model.foramen_finder));
  });
  flag_missing_series(study, result.grades);
  if (is_t1) flag_canals(result.grades, flags::kMeasuredOnT1);
  result.series = study.series;
  result.warnings = study.warnings;
  return result;
}

void log_study(const StudyResult& result) {
  for (const std::string& warning : result.warnings) log_warning(warning);
  for (const SeriesSummary& series : result.series) log_series(series);
  for (Level level : kLevels) log_info(level_line(result.spine, level));
  for (const std::string& word : result.spine.flags) {
    const auto flag = find_flag(word);
    log_warning(flag ? text(word, ": ", flag->sentence) : word);
  }
  if (result.spine.level_count() < kLevelCount) {
    log_warning("fewer than five lumbar discs are in view: the others get the prior of their level");
  }
}

}  // namespace lumbargrade
