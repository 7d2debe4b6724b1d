#include "study/study.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "study/parallel.h"
#include "study/roles.h"
#include "study/stacks.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

using InstancePointer = std::shared_ptr<const dicom::Instance>;

struct Series {
  std::vector<InstancePointer> instances;
  std::vector<Stack> stacks;
  SeriesSummary summary;
};

struct ReadFiles {
  std::vector<InstancePointer> instances;
  std::vector<std::string> warnings;
};

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

ReadFiles read_files(const std::vector<fs::path>& files, int threads) {
  std::vector<InstancePointer> instances(files.size());
  std::vector<std::string> failures(files.size());
  for_each_index(files.size(), threads, [&](size_t i) {
    try {
      instances[i] = std::make_shared<dicom::Instance>(dicom::read_instance(files[i]));
    } catch (const Error& error) {
      failures[i] = error.what();
    }
  });
  ReadFiles read;
  for (size_t i = 0; i < files.size(); ++i) {
    if (instances[i]) read.instances.push_back(std::move(instances[i]));
    if (!failures[i].empty()) read.warnings.push_back(std::move(failures[i]));
  }
  return read;
}

std::vector<Series> group_series(const std::vector<InstancePointer>& instances) {
  std::map<std::pair<std::string, std::string>, Series> by_uid;
  for (const InstancePointer& instance : instances) {
    by_uid[{instance->study_instance_uid, instance->series_instance_uid}].instances.push_back(instance);
  }
  std::vector<Series> series;
  for (auto& [uid, one] : by_uid) {
    one.stacks = make_stacks(one.instances);
    series.push_back(std::move(one));
  }
  return series;
}

BlockSummary summarise(const Stack& stack) {
  const dicom::PixelFormat& format = stack.slices.front().instance->format;
  return {static_cast<int>(stack.slices.size()), format.columns, format.rows, spacing_mm(patient_from_index(stack)),
          stack.plane().normal()};
}

void summarise(Series& series) {
  const dicom::Instance& first = *series.instances.front();
  SeriesSummary& summary = series.summary;
  summary.series_instance_uid = first.series_instance_uid;
  summary.folder = first.file.parent_path().filename().string();
  summary.description = first.series_description;
  summary.modality = first.modality;
  summary.series_number = first.series_number;
  summary.files = static_cast<int>(series.instances.size());
  for (const auto& instance : series.instances) summary.frames += static_cast<int>(instance->frames.size());
  summary.orientation = "none";
  for (const Stack& stack : series.stacks) {
    summary.blocks.push_back(summarise(stack));
    summary.warnings.insert(summary.warnings.end(), stack.warnings.begin(), stack.warnings.end());
  }
  if (series.stacks.empty()) return;
  const RoleFinding finding = find_role(series.stacks.front());
  summary.orientation = orientation_name(orientation_of(series.stacks.front().plane().normal()));
  summary.role = finding.role;
  summary.evidence = finding.evidence;
}

bool is_named(const SeriesSummary& summary, const std::string& name) {
  return !name.empty() && (summary.series_instance_uid == name || summary.folder == name);
}

void apply_override(std::vector<Series>& series, const std::string& name, SeriesRole role) {
  if (name.empty()) return;
  const auto chosen =
      std::find_if(series.begin(), series.end(), [&](const Series& s) { return is_named(s.summary, name); });
  if (chosen == series.end()) {
    throw Error(ErrorKind::Usage, text("no series \"", name, "\" for the role ", role_name(role)));
  }
  for (Series& other : series) {
    if (other.summary.role == role) other.summary.role = SeriesRole::None;
  }
  chosen->summary.role = role;
  chosen->summary.evidence = "chosen by the user";
}

Series* best_series(std::vector<Series>& series, SeriesRole role) {
  Series* best = nullptr;
  for (Series& candidate : series) {
    if (candidate.summary.role != role || candidate.stacks.empty()) continue;
    if (!best || candidate.stacks.front().slices.size() > best->stacks.front().slices.size()) best = &candidate;
  }
  if (best) best->summary.used = true;
  return best;
}

std::optional<Volume> load_role(std::vector<Series>& series, SeriesRole role, int threads) {
  const Series* best = best_series(series, role);
  return best ? std::optional(decode_volume(best->stacks.front(), threads)) : std::nullopt;
}

std::vector<Volume> load_blocks(std::vector<Series>& series, int threads) {
  std::vector<Volume> blocks;
  for (Series& one : series) {
    if (one.summary.role != SeriesRole::AxialT2) continue;
    one.summary.used = true;
    for (const Stack& stack : one.stacks) blocks.push_back(decode_volume(stack, threads));
  }
  return blocks;
}

}  // namespace

Study load_study(const fs::path& path, const StudyOptions& options) {
  if (!fs::is_directory(path)) throw Error(ErrorKind::NoUsableStudy, text(path.string(), " is not a folder"));
  ReadFiles read = read_files(files_below(path), options.threads);
  if (read.instances.empty()) {
    throw Error(ErrorKind::NoUsableStudy, text("no readable DICOM file below ", path.string()));
  }
  std::vector<Series> series = group_series(read.instances);
  for (Series& one : series) summarise(one);
  apply_override(series, options.sagittal_t1, SeriesRole::SagittalT1);
  apply_override(series, options.sagittal_t2, SeriesRole::SagittalT2);
  for (const std::string& name : options.axial_t2) apply_override(series, name, SeriesRole::AxialT2);

  Study study;
  study.study_id = fs::weakly_canonical(path).filename().string();
  study.study_instance_uid = read.instances.front()->study_instance_uid;
  study.warnings = std::move(read.warnings);
  study.sagittal_t1 = load_role(series, SeriesRole::SagittalT1, options.threads);
  study.sagittal_t2 = load_role(series, SeriesRole::SagittalT2, options.threads);
  study.axial_t2 = load_blocks(series, options.threads);
  for (Series& one : series) study.series.push_back(std::move(one.summary));
  return study;
}

std::vector<Volume> load_series(const fs::path& folder, int threads) {
  const ReadFiles read = read_files(files_below(folder), threads);
  std::vector<Volume> volumes;
  for (const Stack& stack : make_stacks(read.instances)) volumes.push_back(decode_volume(stack, threads));
  return volumes;
}

}  // namespace lumbargrade
