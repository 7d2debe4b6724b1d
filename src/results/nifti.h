#pragma once

#include <string>

#include "levels/spine_masks.h"

namespace lumbargrade::results {

/// The labels as a gzip-packed NIfTI-1 file on the volume's own grid, voxels of one byte, placed by sform and qform
/// (RAS+, mm, as NIfTI wants it). The bytes depend on nothing but the arguments. Throws Error (Failure) where the grid
/// has a side of more than 32,767 voxels, which the format cannot hold.
///
/// Written here, not by niftilib: its writer returns no error and leaves half a file on a full disk.
std::string nifti_gz(const SpineMasks& masks, const Volume& grid);

}  // namespace lumbargrade::results
