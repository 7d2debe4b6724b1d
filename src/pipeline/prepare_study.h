#pragma once

#include <filesystem>
#include <functional>

#include "levels/spine.h"
#include "study/study.h"

namespace lumbargrade {

/// Finds the spine in a sagittal volume of any weighting, or throws Error (NoUsableStudy) where there is none.
using SpineLocator = std::function<Spine(const Volume& sagittal)>;

/// How much of a study is read.
enum class StudyContent {
  Headers,  ///< series, roles and geometry: nothing is decoded but what the roles need
  Volumes,  ///< the volumes of every role too
};

/// A study as every command, the workers of a batch and training take it.
struct PreparedStudy {
  Study study;
  SeriesRole sagittal = SeriesRole::None;  ///< in which the spine is sought: SagittalT2, else SagittalT1, else None

  /// The volume of that role. Throws Error (NoUsableStudy) that names the series where there is none.
  const Volume& sagittal_volume() const;
};

/// The one way in: reads `path` as load_study does (errors too), lets `locate` tell T1 from T2 where headers are silent
/// (an empty one: headers alone), and chooses the sagittal series.
PreparedStudy prepare_study(const std::filesystem::path& path, const StudyOptions& options, const SpineLocator& locate,
                            StudyContent content = StudyContent::Volumes);

/// A study that is in memory already. The sagittal series is chosen among its volumes, so there is none where only
/// headers were read.
PreparedStudy prepared_study(Study study);

/// Bytes that finding the levels in a volume takes beside the volume.
size_t memory_for_levels(const Volume& sagittal);

/// The spine of the study, with the UID of its series. Throws Error (NoUsableStudy) where there is no sagittal volume,
/// no spine, or no disc, MemoryExceeded where the field is too large to be searched.
Spine located_spine(const PreparedStudy& prepared, const SpineLocator& locate);

}  // namespace lumbargrade
