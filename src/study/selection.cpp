#include "study/selection.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/words.h"
#include "study/content.h"
#include "study/contrast_agent.h"
#include "study/stack_volume.h"

namespace lumbargrade {
namespace {

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
std::optional<Volume> decode_quietly(const Stack& stack, const Decoding& decoding) {
  std::vector<std::string> warnings;
  try {
    return decode_volume(stack, decoding.threads, warnings, decoding.budget);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::vector<CanalPair> canal_pairs(const Candidate& sagittal, const CanalFinder& find_canal, const Decoding& decoding) {
  const auto volume = decode_quietly(sagittal.blocks.front(), decoding);
  return volume ? find_canal(*volume) : std::vector<CanalPair>();
}

std::vector<double> contrasts_in(const Candidate& candidate, const std::vector<CanalPair>& pairs,
                                 const Decoding& decoding) {
  std::vector<double> contrasts;
  for (const Stack& block : candidate.blocks) {
    const auto volume = decode_quietly(block, decoding);
    if (!volume) continue;
    const auto here = canal_contrasts(*volume, pairs);
    contrasts.insert(contrasts.end(), here.begin(), here.end());
  }
  return contrasts;
}

bool has_role(std::vector<Series>& series, SeriesRole role) {
  return !ranked(series, role).empty();
}

std::optional<Chosen> best(std::vector<Series>& series, SeriesRole role, UsedStacks& used) {
  const auto candidates = ranked(series, role);
  if (candidates.empty()) return std::nullopt;
  used.use(candidates.front(), 1);
  return candidates.front();
}

BlockSummary summarise(const Stack& stack) {
  const dicom::PixelFormat& format = stack.slices.front().instance->format;
  BlockSummary block;
  block.slices = static_cast<int>(stack.slices.size());
  block.columns = format.columns;
  block.rows = format.rows;
  block.patient_from_index = patient_from_index(stack);
  for (const StackSlice& slice : stack.slices) {
    block.slice_positions_patient.push_back(slice.plane().position_patient);
  }
  const ZExtent extent = z_extent(stack);
  block.lowest_z_mm = extent.lowest_mm;
  block.highest_z_mm = extent.highest_mm;
  return block;
}

double height_mm(const StackSlice& slice, const Vector3& normal) {
  return normal.dot(slice.plane().position_patient);
}

/// Images of `stack` that lie where none of `used` does, within half of its usual step.
size_t images_beside(const Stack& stack, const std::vector<double>& used_mm, const Vector3& normal, double step_mm) {
  return static_cast<size_t>(std::count_if(stack.slices.begin(), stack.slices.end(), [&](const StackSlice& slice) {
    const double here_mm = height_mm(slice, normal);
    const auto next = std::lower_bound(used_mm.begin(), used_mm.end(), here_mm - step_mm / 2);
    return next == used_mm.end() || *next > here_mm + step_mm / 2;
  }));
}

/// In what two stacks of one series and orientation were made otherwise.
std::string differences(const Stack& a, const Stack& b) {
  std::string list;
  const auto add = [&](bool differs, const char* what) {
    if (differs) list += text(list.empty() ? "" : ", ", what);
  };
  const dicom::PixelFormat &first = a.slices.front().instance->format, &second = b.slices.front().instance->format;
  add(first.rows != second.rows || first.columns != second.columns, "matrix");
  add(std::abs(a.plane().row_spacing_mm - b.plane().row_spacing_mm) > 1e-3 * a.plane().row_spacing_mm, "PixelSpacing");
  add(a.plane().normal().dot(b.plane().normal()) < 0.99996, "orientation");
  dicom::Contrast timed = b.contrast();
  timed.image_type = a.contrast().image_type;
  timed.temporal_position = a.contrast().temporal_position;
  add(!same_contrast(a.contrast(), timed), "echo");
  add(a.contrast().image_type != b.contrast().image_type, "ImageType");
  add(a.contrast().temporal_position != b.contrast().temporal_position, "temporal position");
  return list.empty() ? "place" : list;
}

}  // namespace

void warn_about_unused_parts(Series& series, const UsedStacks& used) {
  for (const Candidate& candidate : series.candidates) {
    const Stack& stack = candidate.blocks.front();
    if (candidate.orientation != Orientation::Sagittal || !used.has(stack) || stack.slices.size() < 2) continue;
    const Vector3 normal = stack.plane().normal();
    std::vector<double> used_mm;
    for (const StackSlice& slice : stack.slices) used_mm.push_back(height_mm(slice, normal));
    std::sort(used_mm.begin(), used_mm.end());
    const double step_mm = patient_from_index(stack).linear().col(2).norm();
    for (const Candidate& other : series.candidates) {
      const Stack& rest = other.blocks.front();
      if (&other == &candidate || other.orientation != candidate.orientation || used.has(rest)) continue;
      const size_t beside = images_beside(rest, used_mm, normal, step_mm);
      if (beside == 0) continue;
      series.summary.warnings.push_back(text(beside, beside == 1 ? " image is" : " images are", " not used beside the ",
                                             stack.slices.size(), " in use: they differ in ",
                                             differences(stack, rest)));
    }
  }
}

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

void rank_plain_first(std::vector<Series>& series) {
  constexpr double kDemotion = 0.3;  // a little more than a slice or two
  const auto candidates = ranked(series, SeriesRole::SagittalT1);
  std::map<const Candidate*, Words> words;
  for (const Chosen& chosen : candidates) {
    Words& here = words[chosen.candidate];
    here = words_of(chosen.candidate->instance().series_description);
    std::sort(here.begin(), here.end());
  }
  const auto says_more = [&](const Candidate& one, const Candidate& other) {
    const Words &long_one = words.at(&one), &short_one = words.at(&other);
    return !short_one.empty() && short_one.size() < long_one.size() &&
           std::includes(long_one.begin(), long_one.end(), short_one.begin(), short_one.end());
  };
  for (const Chosen& one : candidates) {
    if (find_agent(one.candidate->instance()) != AgentFinding::NotTold) continue;
    const bool is_longer = std::any_of(candidates.begin(), candidates.end(), [&](const Chosen& other) {
      return says_more(*one.candidate, *other.candidate);
    });
    if (is_longer) one.candidate->rank -= kDemotion;
  }
}

void find_roles_by_content(std::vector<Series>& series, const CanalFinder& find_canal, const Decoding& decoding) {
  if (!has_role(series, SeriesRole::SagittalT1) || !has_role(series, SeriesRole::SagittalT2)) {
    for (Candidate* candidate : undecided(series, Orientation::Sagittal)) {
      const auto pairs = canal_pairs(*candidate, find_canal, decoding);
      decide_role(*candidate, weighting_from_contrasts(contrasts_in(*candidate, pairs, decoding)));
    }
  }
  const auto axial = undecided(series, Orientation::Axial);
  if (axial.empty() || has_role(series, SeriesRole::AxialT2)) return;
  auto sagittal = ranked(series, SeriesRole::SagittalT2);
  if (sagittal.empty()) sagittal = ranked(series, SeriesRole::SagittalT1);
  if (sagittal.empty()) return;
  const auto pairs = canal_pairs(*sagittal.front().candidate, find_canal, decoding);
  for (Candidate* candidate : axial) {
    decide_role(*candidate, weighting_from_contrasts(contrasts_in(*candidate, pairs, decoding)));
  }
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

void summarise_use(Series& series, const UsedStacks& used) {
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

}  // namespace lumbargrade
