#pragma once

#include "grades/grade.h"
#include "pipeline/prepare_study.h"

namespace lumbargrade {

/// Lowers each level's confidence to what the sagittal series can tell of it, and flags the spine: slices missing where
/// the canal runs (`slices_missing`: the share of slices that are there), a single image (`single_image`), a disc or
/// the place of the next one beyond the image (`field_of_view_cut`).
void weigh_evidence(const Volume& sagittal, Spine& spine);

/// Flags the rows that want a series which the study does not have: foramina without sagittal T1 (`no_sagittal_t1`),
/// recesses without axial T2 (`no_axial_t2`).
void flag_missing_series(const Study& study, StudyGrades& grades);

}  // namespace lumbargrade
