#pragma once

#include <filesystem>
#include <string>

namespace lumbargrade {

/// Axial slices of real patients, made of their sagittal slabs, with lateral recesses graded by the masks.
///
/// `data` is a folder for `train locator`. `out` becomes a data set in the challenge's layout for `train grader`
/// (subarticular labels only) with recess_depths.csv beside it: study_id, level, side, depth_mm (by the mask). Every
/// study is its sagittal T2 series and one axial series: five 4 mm slices parallel to each disc, black where the slab
/// ends. Discs are found by the locator of `bundle`. Grades are ranks, no reader's: of the recesses of a level the
/// narrowest are severe, the next moderate, as many as the challenge's frequencies ask for. Throws Error (Usage) where
/// `out` exists, (Failure) where no study shows a recess; a study that does not is left out and told.
void write_slab_axials(const std::filesystem::path& data, const std::filesystem::path& out, const std::string& bundle);

}  // namespace lumbargrade
