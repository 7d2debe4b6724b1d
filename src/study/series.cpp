#include "study/series.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "core/error.h"
#include "study/stacks.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

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

/// What images of one scan say alike, whatever UID each was given; times to what scanners round.
auto scan_key(const dicom::Instance& instance, bool with_number) {
  const dicom::Contrast contrast = instance.frames.empty() ? dicom::Contrast() : instance.frames.front().contrast;
  const auto rounded = [](const std::optional<double>& value, double step) {
    return value ? std::round(std::clamp(*value, -1e9, 1e9) / step) : -1;
  };
  return std::tuple(with_number ? instance.series_number : 0, with_number ? fs::path() : instance.file.parent_path(),
                    instance.series_description, instance.protocol_name, instance.format.rows, instance.format.columns,
                    rounded(instance.repetition_time_ms, 1), rounded(contrast.echo_time_ms, 0.1), contrast.b_value);
}

using ScanKey = decltype(scan_key(std::declval<const dicom::Instance&>(), true));

/// Heights of all images along the first one's normal, ascending; nothing where one has no place or lies otherwise.
std::optional<std::vector<double>> heights_mm(const std::vector<const dicom::Instance*>& images) {
  constexpr double kParallel = 0.9999;
  std::vector<double> heights;
  std::optional<Vector3> normal;
  for (const dicom::Instance* image : images) {
    for (const dicom::Frame& frame : image->frames) {
      if (!frame.plane) return std::nullopt;
      if (!normal) normal = frame.plane->normal();
      if (normal->dot(frame.plane->normal()) < kParallel) return std::nullopt;
      heights.push_back(normal->dot(frame.plane->position_patient));
    }
  }
  std::sort(heights.begin(), heights.end());
  return heights;
}

bool lie_apart(const std::vector<const dicom::Instance*>& images) {
  constexpr double kApart_mm = 0.2;
  const auto heights = heights_mm(images);
  return heights && std::adjacent_find(heights->begin(), heights->end(),
                                       [](double a, double b) { return b - a < kApart_mm; }) == heights->end();
}

bool are_numbered_through(const std::vector<const dicom::Instance*>& images) {
  std::set<int> numbers;
  for (const dicom::Instance* image : images) numbers.insert(image->instance_number);
  return numbers.size() == images.size();
}

bool all_say(const Series& series, const ScanKey& key, bool with_number) {
  return std::all_of(series.instances.begin(), series.instances.end(), [&](const auto& instance) {
    return instance->frames.size() == 1 && scan_key(*instance, with_number) == key;
  });
}

std::vector<const dicom::Instance*> images_of(const std::vector<Series>& series, const std::vector<size_t>& members) {
  std::vector<const dicom::Instance*> images;
  for (const size_t i : members) {
    for (const auto& instance : series[i].instances) images.push_back(instance.get());
  }
  return images;
}

/// Parts of a scan that is told well enough to be known again; without that, only images that are alone are joined.
bool is_well_told(const dicom::Instance& instance) {
  return instance.series_number != 0 && !instance.series_description.empty() &&
         instance.frames.front().contrast.echo_time_ms;
}

/// Whether these are one scan to whose images, or parts, a SeriesInstanceUID each was given.
bool are_one_scan(const std::vector<Series>& series, const std::vector<size_t>& members, bool with_number) {
  const bool are_single =
      std::all_of(members.begin(), members.end(), [&](size_t i) { return series[i].instances.size() == 1; });
  const auto images = images_of(series, members);
  if (are_single && with_number && are_numbered_through(images)) return true;
  const bool may_be_parts = are_single ? with_number || !images.front()->series_description.empty()
                                       : with_number && is_well_told(*images.front());
  return may_be_parts && lie_apart(images);
}

/// Joins what was given a SeriesInstanceUID per image or part, but says the same of number, description, size and
/// times.
void join_split_series(std::vector<Series>& series, bool with_number) {
  std::map<ScanKey, std::vector<size_t>> by_key;
  for (size_t i = 0; i < series.size(); ++i) {
    const ScanKey key = scan_key(*series[i].instances.front(), with_number);
    if (all_say(series[i], key, with_number)) by_key[key].push_back(i);
  }
  std::vector<bool> joined(series.size(), false);
  for (const auto& [key, members] : by_key) {
    if (members.size() < 2 || !are_one_scan(series, members, with_number)) continue;
    auto& all = series[members.front()].instances;
    for (size_t k = 1; k < members.size(); ++k) {
      const auto& more = series[members[k]].instances;
      all.insert(all.end(), more.begin(), more.end());
      joined[members[k]] = true;
    }
  }
  size_t at = 0;
  std::erase_if(series, [&](const Series&) { return joined[at++]; });
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
  join_split_series(series, true);
  join_split_series(series, false);
  std::stable_sort(series.begin(), series.end(), [](const Series& a, const Series& b) {
    return a.instances.front()->series_number < b.instances.front()->series_number;
  });
  return series;
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

std::string orientation_word(const std::vector<Candidate>& candidates) {
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

/// Of the echoes of one series a description means the one whose times say the same: "PD/T2" is not both.
void deny_other_echoes(Series& series) {
  for (const Candidate& told : series.candidates) {
    if (told.role == SeriesRole::None || !told.is_told_by_times) continue;
    for (Candidate& other : series.candidates) {
      const bool is_other_echo = other.role == told.role && !other.is_told_by_times && other.contrast().echo_time_ms;
      if (is_other_echo)
        deny_role(other, text("another echo of the series, TE ", *other.contrast().echo_time_ms, " ms"));
    }
  }
}

void find_roles(Series& series) {
  Stacks stacks = make_stacks(series.instances);
  for (const Stack& stack : stacks.stacks) {
    series.summary.warnings.insert(series.summary.warnings.end(), stack.warnings.begin(), stack.warnings.end());
  }
  series.summary.warnings.insert(series.summary.warnings.end(), stacks.warnings.begin(), stacks.warnings.end());
  series.candidates = make_candidates(std::move(stacks.stacks));
  series.summary.orientation = orientation_word(series.candidates);
  for (Candidate& candidate : series.candidates) find_role(candidate);
  deny_other_echoes(series);
  if (is_three_plane_localizer(series.candidates)) deny_roles(series, "localizer in three planes");
  const bool is_diffusion = std::any_of(series.candidates.begin(), series.candidates.end(),
                                        [](const Candidate& one) { return is_diffusion_weighted(one.contrast()); });
  if (is_diffusion) deny_roles(series, "diffusion");
}

}  // namespace

std::vector<Series> make_series(const std::vector<InstancePointer>& instances) {
  std::vector<Series> series = group_series(instances);
  for (Series& one : series) {
    describe_header(one);
    find_roles(one);
  }
  name_series(series);
  return series;
}

bool is_named(const SeriesSummary& summary, const std::string& name) {
  return !name.empty() && (summary.series_instance_uid == name || summary.name == name);
}

}  // namespace lumbargrade
