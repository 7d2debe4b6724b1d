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

  /// In which the spine is sought: SagittalT2, else SagittalT1, else None. There is none where only headers were read.
  SeriesRole sagittal() const;
  /// The volume of that role. Throws Error (NoUsableStudy) that names the series where there is none.
  const Volume& sagittal_volume() const;
};

/// The locator as the loader's help where headers do not tell T1 from T2. A volume without a lumbar spine has no pairs;
/// other errors pass.
CanalFinder canal_finder(SpineLocator locate);

/// The one way in: reads `path` as load_study does (errors too), lets `locate` tell T1 from T2 where headers are silent
/// (an empty one: headers alone).
PreparedStudy prepare_study(const std::filesystem::path& path, const StudyOptions& options, const SpineLocator& locate,
                            StudyContent content = StudyContent::Volumes);

/// The spine of the study, with the UID of its series. Throws Error (NoUsableStudy) where there is no sagittal volume,
/// no spine, or no disc, MemoryExceeded where the field is too large to be searched.
Spine located_spine(const PreparedStudy& prepared, const SpineLocator& locate);

}  // namespace lumbargrade
