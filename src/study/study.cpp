#include "study/study.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/error.h"
#include "core/table.h"
#include "study/content.h"
#include "study/files.h"
#include "study/path_name.h"
#include "study/roles.h"
#include "study/stacks.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

using InstancePointer = std::shared_ptr<dicom::Instance>;

struct Series {
  std::vector<InstancePointer> instances;
  std::vector<Candidate> candidates;
  SeriesSummary summary;
};

// ---- one study out of the files
// ------------------------------------------------------------------------------------------

struct StudyFiles {
  std::string study_id;
  std::string study_instance_uid;
  std::vector<InstancePointer> instances;
};

/// A DICOMDIR stands for the folder that it lies in.
fs::path root_of(const fs::path& path) {
  return is_dicomdir(path) ? fs::absolute(path).parent_path() : path;
}

/// The first folder below `root` on the way to the file: the study in a data set's layout.
std::string top_folder(const fs::path& root, const fs::path& file) {
  const fs::path inside = file.lexically_relative(root);
  return inside.empty() ? std::string() : inside.begin()->string();
}

std::map<std::string, int> count_studies(const std::vector<InstancePointer>& instances) {
  std::map<std::string, int> counts;
  for (const auto& instance : instances) {
    if (!instance->study_instance_uid.empty()) ++counts[instance->study_instance_uid];
  }
  return counts;
}

std::string list_studies(const std::map<std::string, int>& counts) {
  constexpr size_t kMostListed = 5;
  std::string list;
  size_t listed = 0;
  for (const auto& [uid, files] : counts) {
    if (++listed > kMostListed) return list + ", ...";
    list += text(listed > 1 ? ", " : "", uid, " (", files, " files)");
  }
  return list;
}

/// Files that are there twice, byte for byte. SOP instance UIDs alone do not tell: the challenge's repeat across
/// series.
void drop_copies(std::vector<InstancePointer>& instances, std::vector<std::string>& warnings) {
  std::map<std::pair<std::string, std::string>, std::vector<const dicom::Instance*>> known;
  int copies = 0;
  std::erase_if(instances, [&](const InstancePointer& instance) {
    if (!instance->pixels) return false;
    auto& alike = known[{instance->series_instance_uid, instance->sop_instance_uid}];
    const bool is_copy = std::any_of(alike.begin(), alike.end(), [&](const dicom::Instance* other) {
      return other->pixels->storage == instance->pixels->storage;
    });
    if (is_copy) {
      ++copies;
    } else {
      alike.push_back(instance.get());
    }
    return is_copy;
  });
  if (copies > 0) warnings.push_back(text(copies, " files are copies of others and were left out"));
}

void warn_about_files_without_study(const std::vector<InstancePointer>& instances, std::vector<std::string>& warnings) {
  const auto count = std::count_if(instances.begin(), instances.end(),
                                   [](const auto& instance) { return instance->study_instance_uid.empty(); });
  if (count > 0) warnings.push_back(text(count, " files without StudyInstanceUID are taken for this study's"));
}

StudyFiles choose_study(const fs::path& path, const std::string& wanted, std::vector<InstancePointer> instances) {
  const auto counts = count_studies(instances);
  StudyFiles study{name_from_path(root_of(path)), counts.empty() ? "" : counts.begin()->first, {}};
  if (wanted.empty() && counts.size() > 1) {
    throw Error(ErrorKind::NoUsableStudy, text(path.string(), " holds ", counts.size(),
                                               " studies: ", list_studies(counts), "; choose one with --study"));
  }
  if (wanted.empty()) {
    study.instances = std::move(instances);
    return study;
  }
  std::copy_if(instances.begin(), instances.end(), std::back_inserter(study.instances), [&](const auto& instance) {
    return instance->study_instance_uid == wanted || top_folder(root_of(path), instance->file) == wanted;
  });
  if (study.instances.empty()) {
    throw Error(ErrorKind::Usage,
                text("no study \"", wanted, "\" in ", path.string(), "; it holds ", list_studies(counts)));
  }
  study.study_instance_uid = study.instances.front()->study_instance_uid;
  if (counts.size() > 1) study.study_id = wanted;
  return study;
}

// ---- series
// --------------------------------------------------------------------------------------------------------------

/// Files that say the same of their series: folder, SeriesNumber and SeriesDescription.
using SeriesKey = std::tuple<fs::path, int, std::string>;
using SeriesParts = std::map<SeriesKey, std::vector<InstancePointer>>;

/// One series spread over folders counts its images through and says the same of itself; otherwise a UID was used
/// twice.
bool is_one_series(const SeriesParts& parts) {
  std::set<int> numbers;
  const dicom::Instance& first = *parts.begin()->second.front();
  for (const auto& [key, instances] : parts) {
    for (const auto& instance : instances) {
      if (instance->series_description != first.series_description || instance->series_number != first.series_number ||
          !numbers.insert(instance->instance_number).second) {
        return false;
      }
    }
  }
  return true;
}

std::vector<Series> group_series(const std::vector<InstancePointer>& instances) {
  std::map<std::string, SeriesParts> by_uid;
  for (const auto& instance : instances) {
    const SeriesKey key = {instance->file.parent_path(), instance->series_number, instance->series_description};
    by_uid[instance->series_instance_uid][key].push_back(instance);
  }
  std::vector<Series> series;
  for (auto& [uid, parts] : by_uid) {
    const bool joined = parts.size() > 1 && !uid.empty() && is_one_series(parts);
    if (joined) series.emplace_back();
    for (auto& [key, files] : parts) {
      if (!joined) series.emplace_back();
      auto& all = series.back().instances;
      all.insert(all.end(), files.begin(), files.end());
    }
  }
  std::stable_sort(series.begin(), series.end(), [](const Series& a, const Series& b) {
    return a.instances.front()->series_number < b.instances.front()->series_number;
  });
  return series;
}

BlockSummary summarise(const Stack& stack) {
  const dicom::PixelFormat& format = stack.slices.front().instance->format;
  BlockSummary block;
  block.slices = static_cast<int>(stack.slices.size());
  block.columns = format.columns;
  block.rows = format.rows;
  block.patient_from_index = patient_from_index(stack);
  block.lowest_z_mm = block.highest_z_mm = block.patient_from_index.translation().z();
  for (int corner = 1; corner < 8; ++corner) {
    const Vector3 index(corner & 1 ? format.columns - 1 : 0, corner & 2 ? format.rows - 1 : 0,
                        corner & 4 ? block.slices - 1 : 0);
    const double z_mm = (block.patient_from_index * index).z();
    block.lowest_z_mm = std::min(block.lowest_z_mm, z_mm);
    block.highest_z_mm = std::max(block.highest_z_mm, z_mm);
  }
  return block;
}

void describe_header(Series& series) {
  const dicom::Instance& first = *series.instances.front();
  SeriesSummary& summary = series.summary;
  summary.series_instance_uid = first.series_instance_uid;
  summary.folder = first.file.parent_path().filename().string();
  summary.description = first.series_description;
  summary.modality = first.modality;
  summary.series_number = first.series_number;
  summary.files = static_cast<int>(series.instances.size());
  std::map<std::string, int> notes;
  for (const auto& instance : series.instances) {
    summary.frames += static_cast<int>(instance->frames.size());
    for (const std::string& note : instance->notes) ++notes[note];
  }
  for (const auto& [note, files] : notes) {
    summary.warnings.push_back(text(files, files == 1 ? " file: " : " files: ", note));
  }
}

void name_series(std::vector<Series>& series) {
  std::map<std::string, int> in_folder;
  for (const Series& one : series) ++in_folder[one.summary.folder];
  for (Series& one : series) {
    SeriesSummary& summary = one.summary;
    const bool is_alone = !summary.folder.empty() && in_folder[summary.folder] == 1;
    summary.name = is_alone ? summary.folder : summary.series_instance_uid;
  }
}

std::string orientation_of(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "none";
  const bool mixed = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return candidate.orientation != candidates.front().orientation;
  });
  return mixed ? "mixed" : std::string(orientation_name(candidates.front().orientation));
}

/// A series of three orientations and few slices each is a localizer, whatever it calls itself.
bool is_three_plane_localizer(const std::vector<Candidate>& candidates) {
  constexpr int kMostSlices = 7;
  std::set<Orientation> orientations;
  for (const Candidate& candidate : candidates) {
    if (candidate.slices() > kMostSlices) return false;
    orientations.insert(candidate.orientation);
  }
  return orientations.size() == 3;
}

void deny_roles(Series& series, const std::string& evidence) {
  for (Candidate& candidate : series.candidates) deny_role(candidate, evidence);
}

void find_roles(Series& series) {
  Stacks stacks = make_stacks(series.instances);
  for (const Stack& stack : stacks.stacks) {
    series.summary.warnings.insert(series.summary.warnings.end(), stack.warnings.begin(), stack.warnings.end());
  }
  series.summary.warnings.insert(series.summary.warnings.end(), stacks.warnings.begin(), stacks.warnings.end());
  series.candidates = make_candidates(std::move(stacks.stacks));
  series.summary.orientation = orientation_of(series.candidates);
  for (Candidate& candidate : series.candidates) find_role(candidate);
  if (is_three_plane_localizer(series.candidates)) deny_roles(series, "localizer in three planes");
  const bool is_diffusion = std::any_of(series.candidates.begin(), series.candidates.end(),
                                        [](const Candidate& one) { return is_diffusion_weighted(one.contrast()); });
  if (is_diffusion) deny_roles(series, "diffusion");
}

// ---- what the user says
// ----------------------------------------------------------------------------------------------------

bool is_named(const SeriesSummary& summary, const std::string& name) {
  return !name.empty() && (summary.series_instance_uid == name || summary.name == name);
}

/// The candidate of a series that fits a role best: of its orientation, of its own role, of the most slices.
Candidate* candidate_for(Series& series, SeriesRole role) {
  const Orientation wanted = role == SeriesRole::AxialT2 ? Orientation::Axial : Orientation::Sagittal;
  const auto fitness = [&](const Candidate& candidate) {
    return std::tuple(candidate.orientation == wanted, candidate.role == role, candidate.slices());
  };
  const auto best = std::max_element(series.candidates.begin(), series.candidates.end(),
                                     [&](const auto& a, const auto& b) { return fitness(a) < fitness(b); });
  return best == series.candidates.end() ? nullptr : &*best;
}

void assign(Series& series, SeriesRole role, const std::string& evidence) {
  Candidate* chosen = candidate_for(series, role);
  for (Candidate& candidate : series.candidates) {
    candidate.role = SeriesRole::None;
    candidate.weighting_is_unknown = false;
  }
  if (!chosen) return;
  const Orientation usual = role == SeriesRole::AxialT2 ? Orientation::Axial : Orientation::Sagittal;
  if (chosen->orientation != usual) {
    series.summary.warnings.push_back(
        text("used as ", role_name(role), " but is ", orientation_name(chosen->orientation)));
  }
  chosen->role = role;
  chosen->evidence = evidence;
}

std::string list_series(const std::vector<Series>& series) {
  std::string list;
  for (const Series& one : series) {
    list += text(list.empty() ? "" : ", ", one.summary.name, " (", one.summary.description, ")");
  }
  return list;
}

void override_role(std::vector<Series>& series, const std::vector<std::string>& names, SeriesRole role) {
  std::vector<Series*> chosen;
  for (const std::string& name : names) {
    const auto match =
        std::find_if(series.begin(), series.end(), [&](const Series& s) { return is_named(s.summary, name); });
    if (match == series.end()) {
      throw Error(ErrorKind::Usage,
                  text("no series \"", name, "\" for ", role_name(role), "; the study has ", list_series(series)));
    }
    if (match->candidates.empty()) {
      throw Error(ErrorKind::Usage, text("series \"", name, "\" holds no image that could be ", role_name(role)));
    }
    chosen.push_back(&*match);
  }
  if (chosen.empty()) return;
  for (Series& other : series) {
    for (Candidate& candidate : other.candidates) {
      if (candidate.role == role) candidate.role = SeriesRole::None;
    }
  }
  for (Series* one : chosen) assign(*one, role, "chosen by the user");
}

/// The challenge's series_descriptions table: what it says of a series counts more than the headers.
void apply_descriptions(std::vector<Series>& series, const fs::path& table_file, const std::string& study_id) {
  if (table_file.empty()) return;
  const Table table(table_file, ErrorKind::Usage, {"study_id", "series_id", "series_description"});
  for (const TableRow row : table) {
    if (row.field("study_id") != study_id) continue;
    const std::string& description = row.field("series_description");
    const auto role = role_of_series_description(description);
    for (Series& one : series) {
      if (role && is_named(one.summary, row.field("series_id"))) {
        assign(one, *role, text("series_descriptions: ", description));
      }
    }
  }
}

void apply_options(std::vector<Series>& series, const StudyOptions& options, const std::string& study_id) {
  const auto one = [](const std::string& name) {
    return name.empty() ? std::vector<std::string>() : std::vector<std::string>{name};
  };
  apply_descriptions(series, options.series_descriptions, study_id);
  override_role(series, one(options.sagittal_t1), SeriesRole::SagittalT1);
  override_role(series, one(options.sagittal_t2), SeriesRole::SagittalT2);
  override_role(series, options.axial_t2, SeriesRole::AxialT2);
}

// ---- the study
// -------------------------------------------------------------------------------------------------------------

struct Chosen {
  Series* series = nullptr;
  Candidate* candidate = nullptr;
};

/// Candidates for a role, best first.
std::vector<Chosen> ranked(std::vector<Series>& series, SeriesRole role) {
  std::vector<Chosen> candidates;
  for (Series& one : series) {
    for (Candidate& candidate : one.candidates) {
      if (candidate.role == role) candidates.push_back({&one, &candidate});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Chosen& a, const Chosen& b) { return a.candidate->rank > b.candidate->rank; });
  return candidates;
}

// ---- which of several stations
// ---------------------------------------------------------------------------------------------

/// Where the lumbar spine must be: along the lowest axial T2 series, or else the lowest 200 mm that sagittal ones show.
std::optional<ZExtent> lumbar_extent(std::vector<Series>& series) {
  const auto lowest = [&](std::initializer_list<SeriesRole> roles) {
    std::optional<ZExtent> found;
    for (const SeriesRole role : roles) {
      for (const Chosen& chosen : ranked(series, role)) {
        const ZExtent extent = z_extent(*chosen.candidate);
        if (!found || extent.lowest_mm < found->lowest_mm) found = extent;
      }
    }
    return found;
  };
  if (const auto axial = lowest({SeriesRole::AxialT2})) return axial;
  auto sagittal = lowest({SeriesRole::SagittalT1, SeriesRole::SagittalT2});
  if (sagittal) sagittal->highest_mm = std::min(sagittal->highest_mm, sagittal->lowest_mm + kLumbarHeight_mm);
  return sagittal;
}

/// A whole spine is scanned in stations, each a series or a block of one, often of the same name: those that hold less
/// than half of the lumbar spine rank behind the one that does.
void rank_stations(std::vector<Series>& series) {
  constexpr double kDemotion = 5;  // more than coverage, slices and resolution together
  const auto lumbar = lumbar_extent(series);
  if (!lumbar) return;
  for (const SeriesRole role : {SeriesRole::SagittalT1, SeriesRole::SagittalT2}) {
    const auto candidates = ranked(series, role);
    if (candidates.size() < 2) continue;
    for (const Chosen& chosen : candidates) {
      if (2 * z_extent(*chosen.candidate).overlap_mm(*lumbar) >= lumbar->length_mm()) continue;
      chosen.candidate->rank -= kDemotion;
      chosen.candidate->evidence += ", beside the lumbar spine";
    }
  }
}

// ---- what the image says
// -----------------------------------------------------------------------------------------------------

/// Candidates that only their image can give a role.
std::vector<Candidate*> undecided(std::vector<Series>& series, Orientation orientation) {
  std::vector<Candidate*> candidates;
  for (Series& one : series) {
    for (Candidate& candidate : one.candidates) {
      if (candidate.weighting_is_unknown && candidate.orientation == orientation) candidates.push_back(&candidate);
    }
  }
  return candidates;
}

/// Nothing when it cannot be decoded: that is told where it is decoded for use.
std::optional<Volume> decode_quietly(const Stack& stack, int threads) {
  std::vector<std::string> warnings;
  try {
    return decode_volume(stack, threads, warnings);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<CanalPair> canal_pairs(const Candidate& sagittal, const CanalFinder& find_canal, int threads) {
  const auto volume = decode_quietly(sagittal.blocks.front(), threads);
  return volume ? find_canal(*volume) : std::vector<CanalPair>();
}

std::vector<double> contrasts_in(const Candidate& candidate, const std::vector<CanalPair>& pairs, int threads) {
  std::vector<double> contrasts;
  for (const Stack& block : candidate.blocks) {
    const auto volume = decode_quietly(block, threads);
    if (!volume) continue;
    const auto here = canal_contrasts(*volume, pairs);
    contrasts.insert(contrasts.end(), here.begin(), here.end());
  }
  return contrasts;
}

bool has_role(std::vector<Series>& series, SeriesRole role) {
  return !ranked(series, role).empty();
}

/// Only where a role is empty: what the headers tell of other series is enough then.
void find_roles_by_content(std::vector<Series>& series, const CanalFinder& find_canal, int threads) {
  if (!has_role(series, SeriesRole::SagittalT1) || !has_role(series, SeriesRole::SagittalT2)) {
    for (Candidate* candidate : undecided(series, Orientation::Sagittal)) {
      const auto pairs = canal_pairs(*candidate, find_canal, threads);
      decide_role(*candidate, weighting_from_contrasts(contrasts_in(*candidate, pairs, threads)));
    }
  }
  const auto axial = undecided(series, Orientation::Axial);
  if (axial.empty() || has_role(series, SeriesRole::AxialT2)) return;
  auto sagittal = ranked(series, SeriesRole::SagittalT2);
  if (sagittal.empty()) sagittal = ranked(series, SeriesRole::SagittalT1);
  if (sagittal.empty()) return;
  const auto pairs = canal_pairs(*sagittal.front().candidate, find_canal, threads);
  for (Candidate* candidate : axial) {
    decide_role(*candidate, weighting_from_contrasts(contrasts_in(*candidate, pairs, threads)));
  }
}

/// Pixels of what will not be decoded are let go before anything is decoded.
class UsedStacks {
 public:
  void use(const Chosen& chosen, size_t blocks) {
    chosen.series->summary.used = true;
    for (size_t i = 0; i < blocks; ++i) {
      stacks_.insert(&chosen.candidate->blocks[i]);
      for (const StackSlice& slice : chosen.candidate->blocks[i].slices) instances_.insert(slice.instance.get());
    }
  }

  bool has(const Stack& stack) const { return stacks_.contains(&stack); }

  void release_others(const std::vector<Series>& series) const {
    for (const Series& one : series) {
      for (const auto& instance : one.instances) {
        if (!instances_.contains(instance.get())) instance->pixels.reset();
      }
    }
  }

 private:
  std::set<const Stack*> stacks_;
  std::set<const dicom::Instance*> instances_;
};

struct Assignment {
  std::optional<Chosen> sagittal_t1;
  std::optional<Chosen> sagittal_t2;
  std::vector<Chosen> axial_t2;
  UsedStacks used;
};

std::optional<Chosen> best(std::vector<Series>& series, SeriesRole role, UsedStacks& used) {
  const auto candidates = ranked(series, role);
  if (candidates.empty()) return std::nullopt;
  used.use(candidates.front(), 1);
  return candidates.front();
}

Assignment assign_series(std::vector<Series>& series) {
  Assignment assignment;
  assignment.sagittal_t1 = best(series, SeriesRole::SagittalT1, assignment.used);
  assignment.sagittal_t2 = best(series, SeriesRole::SagittalT2, assignment.used);
  for (const Chosen& chosen : ranked(series, SeriesRole::AxialT2)) {
    if (chosen.candidate->blocks.front().repeat > 0) continue;  // an alternative of the same series
    assignment.used.use(chosen, chosen.candidate->blocks.size());
    assignment.axial_t2.push_back(chosen);
  }
  return assignment;
}

/// Role and evidence of a series: those of its candidate in use, or else of its best one. Blocks in use come first.
void summarise(Series& series, const UsedStacks& used) {
  const Candidate* shown = nullptr;
  for (const Candidate& candidate : series.candidates) {
    const bool in_use = used.has(candidate.blocks.front());
    if (!shown || in_use || (shown->role == SeriesRole::None && candidate.role != SeriesRole::None)) shown = &candidate;
    for (const Stack& stack : candidate.blocks) {
      series.summary.blocks.push_back(summarise(stack));
      series.summary.blocks.back().used = used.has(stack);
    }
  }
  std::stable_partition(series.summary.blocks.begin(), series.summary.blocks.end(),
                        [](const BlockSummary& block) { return block.used; });
  if (!shown) {
    series.summary.evidence = series.summary.frames > 0 ? "no usable images" : "no images";
    return;
  }
  series.summary.role = shown->role;
  series.summary.evidence = shown->evidence;
}

/// Nothing when no slice of it can be decoded; that is told.
std::optional<Volume> decode(const Stack& stack, Series& series, int threads) {
  try {
    return decode_volume(stack, threads, series.summary.warnings);
  } catch (const Error& error) {
    series.summary.warnings.push_back(error.what());
    series.summary.used = false;
    return std::nullopt;
  }
}

std::optional<Volume> decode_best(const std::optional<Chosen>& chosen, int threads) {
  return chosen ? decode(chosen->candidate->blocks.front(), *chosen->series, threads) : std::nullopt;
}

void decode_volumes(const Assignment& assignment, int threads, Study& study) {
  study.sagittal_t1 = decode_best(assignment.sagittal_t1, threads);
  study.sagittal_t2 = decode_best(assignment.sagittal_t2, threads);
  for (const Chosen& chosen : assignment.axial_t2) {
    for (const Stack& stack : chosen.candidate->blocks) {
      if (auto volume = decode(stack, *chosen.series, threads)) study.axial_t2.push_back(std::move(*volume));
    }
  }
}

ReadFiles read_input(const fs::path& path, int threads) {
  ReadFiles read = read_files(path, threads, may_have_role);
  if (read.instances.empty()) {
    const std::string first = read.warnings.empty() ? "" : text("; first problem: ", read.warnings.front());
    throw Error(ErrorKind::NoUsableStudy, text("no readable DICOM file in ", path.string(), first));
  }
  if (read.other_files > 0) {
    read.warnings.push_back(text(read.other_files, " files that are not DICOM were left out"));
  }
  return read;
}

Study read_study(const fs::path& path, const StudyOptions& options, const CanalFinder& find_canal, bool with_volumes) {
  ReadFiles read = read_input(path, options.threads);
  StudyFiles files = choose_study(path, options.study_uid, std::move(read.instances));
  warn_about_files_without_study(files.instances, read.warnings);
  drop_copies(files.instances, read.warnings);
  std::vector<Series> series = group_series(files.instances);
  for (Series& one : series) {
    describe_header(one);
    find_roles(one);
  }
  name_series(series);
  apply_options(series, options, files.study_id);
  if (find_canal) find_roles_by_content(series, find_canal, options.threads);
  rank_stations(series);
  const Assignment assignment = assign_series(series);
  for (Series& one : series) summarise(one, assignment.used);

  Study study;
  study.study_id = std::move(files.study_id);
  study.study_instance_uid = std::move(files.study_instance_uid);
  study.warnings = std::move(read.warnings);
  assignment.used.release_others(series);
  files.instances.clear();
  if (with_volumes) decode_volumes(assignment, options.threads, study);
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
  const ReadFiles read = read_files(folder, threads, may_have_role);
  std::vector<std::string> warnings;
  std::vector<Volume> volumes;
  for (const Stack& stack : make_stacks(read.instances).stacks)
    volumes.push_back(decode_volume(stack, threads, warnings));
  return volumes;
}

}  // namespace lumbargrade
