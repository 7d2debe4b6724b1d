#pragma once

#include <filesystem>
#include <optional>

#include "core/memory_budget.h"
#include "dicom/instance.h"

namespace lumbargrade {

/// Inflates a file that is gzipped by itself ("1.dcm.gz"); nothing when it is not, or holds no DICOM file. Throws Error
/// when it is damaged or inflates beyond what images compress to, MemoryExceeded before `budget` is exceeded.
std::optional<dicom::CountedBytes> read_gzipped_dicom(const std::filesystem::path& file,
                                                      const MemoryBudgetPointer& budget);

}  // namespace lumbargrade
