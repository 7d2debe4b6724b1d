#include "study/study.h"

#include "core/error.h"
#include "dicom/library.h"
#include "study/files.h"
#include "study/overrides.h"
#include "study/selection.h"
#include "study/series.h"
#include "study/stack_volume.h"
#include "study/study_files.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// Nothing when no slice of it can be decoded; that is told.
std::optional<Volume> decode(const Stack& stack, Series& series, const Decoding& decoding) {
  try {
    return decode_volume(stack, decoding.threads, series.summary.warnings, decoding.budget);
  } catch (const MemoryExceeded&) {
    throw;
  } catch (const Error& error) {
    series.summary.warnings.emplace_back(error.what());
    series.summary.used = false;
    return std::nullopt;
  }
}

std::optional<Volume> decode_best(const std::optional<Chosen>& chosen, const Decoding& decoding) {
  return chosen ? decode(chosen->candidate->blocks.front(), *chosen->series, decoding) : std::nullopt;
}

void decode_volumes(const Assignment& assignment, const Decoding& decoding, Study& study) {
  study.sagittal_t1 = decode_best(assignment.sagittal_t1, decoding);
  study.sagittal_t2 = decode_best(assignment.sagittal_t2, decoding);
  for (const Chosen& chosen : assignment.axial_t2) {
    for (const Stack& stack : chosen.candidate->blocks) {
      if (auto volume = decode(stack, *chosen.series, decoding)) study.axial_t2.push_back(std::move(*volume));
    }
  }
}

/// The header of the first image in use.
dicom::SourceHeader header_in_use(const Assignment& assignment) {
  std::vector<std::optional<Chosen>> in_order = {assignment.sagittal_t2, assignment.sagittal_t1};
  in_order.insert(in_order.end(), assignment.axial_t2.begin(), assignment.axial_t2.end());
  for (const auto& chosen : in_order) {
    if (chosen) return dicom::source_header(*chosen->candidate->blocks.front().slices.front().instance);
  }
  return {};
}

ReadFiles read_input(const fs::path& path, const std::vector<fs::path>& listed, const Decoding& decoding) {
  ReadFiles read = listed.empty() ? read_files(path, decoding.threads, decoding.budget)
                                  : read_listed_files(listed, decoding.threads, decoding.budget);
  if (read.instances.empty()) {
    if (read.archives > 0) read.warnings.push_back(text(read.archives, " archives or compressed files: unpack them"));
    const std::string first = read.warnings.empty() ? "" : text("; first problem: ", read.warnings.front());
    throw Error(ErrorKind::NoUsableStudy, text("no readable DICOM file in ", path.string(), first));
  }
  if (read.archives > 0) {
    read.warnings.push_back(
        text(read.archives, " archives or compressed files were not opened: unpack them, or give one alone"));
  }
  if (read.other_files > 0) {
    read.warnings.push_back(
        text(read.other_files, read.other_files == 1 ? " file that is not DICOM was" : " files that are not DICOM were",
             " left out"));
  }
  return read;
}

Study read_study(const fs::path& path, const StudyOptions& options, const CanalFinder& find_canal, bool with_volumes) {
  dicom::set_up_library();  // what the machine lacks is no fault of any file
  const Decoding decoding = {options.threads, MemoryBudget::of_mib(options.memory_limit_mib)};
  ReadFiles read = read_input(path, options.files, decoding);
  StudyFiles files = choose_study(path, options, std::move(read.instances));
  warn_about_several_patients(files.instances, read.warnings);
  warn_about_files_without_study(files.instances, read.warnings);
  drop_copies(files.instances, read.warnings);
  std::vector<Series> series = make_series(files.instances);
  apply_overrides(series, options, files.study_id, read.warnings);
  if (find_canal) find_roles_by_content(series, find_canal, decoding);
  rank_stations(series);
  rank_plain_first(series);
  const Assignment assignment = assign_series(series);
  for (Series& one : series) {
    summarise_use(one, assignment.used);
    warn_about_unused_parts(one, assignment.used);
  }

  Study study;
  study.study_id = std::move(files.study_id);
  study.study_instance_uid = std::move(files.study_instance_uid);
  study.warnings = std::move(read.warnings);
  study.header = header_in_use(assignment);
  assignment.used.release_others(series);
  files.instances.clear();
  study.memory = decoding.budget;
  if (with_volumes) decode_volumes(assignment, decoding, study);
  for (Series& one : series) {
    for (const std::string& warning : one.summary.warnings) {
      study.warnings.push_back(text("series ", one.summary.name, ": ", warning));
    }
    study.series.push_back(std::move(one.summary));
  }
  return study;
}

}  // namespace

Study load_study(const fs::path& path, const StudyOptions& options, const CanalFinder& find_canal) {
  return read_study(path, options, find_canal, true);
}

Study inspect_study(const fs::path& path, const StudyOptions& options, const CanalFinder& find_canal) {
  return read_study(path, options, find_canal, false);
}

std::vector<Volume> load_series(const fs::path& folder, int threads) {
  const ReadFiles read = read_files(folder, threads);
  std::vector<std::string> warnings;
  std::vector<Volume> volumes;
  for (const Stack& stack : make_stacks(read.instances).stacks)
    volumes.push_back(decode_volume(stack, threads, warnings));
  return volumes;
}

}  // namespace lumbargrade
