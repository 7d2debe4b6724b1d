#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "dicom/instance.h"

namespace lumbargrade {

/// Every DICOM file of a folder or archive.
struct ReadFiles {
  std::vector<std::shared_ptr<dicom::Instance>> instances;  ///< in the order of their paths
  std::vector<std::string> warnings;                        ///< files that could not be read, and why
  int archives = 0;                                         ///< of those: archives and compressed files
  int other_files = 0;                                      ///< not DICOM
};

/// True for the directory file of a DICOM medium, by its name.
bool is_dicomdir(const std::filesystem::path& path);

/// Reads all DICOM files below a folder (also those that are gzipped each by itself), in a zip or tar, a single file,
/// or those beside a DICOMDIR; each once, on `threads` threads. Unreadable files are told and left out. Throws Error
/// (NoUsableStudy) when `path` is none of these, MemoryExceeded when what is kept exceeds `budget` (none: not counted).
/// The pixels of instances that may have no role are let go at once.
ReadFiles read_files(const std::filesystem::path& path, int threads, const MemoryBudgetPointer& budget = {});

/// Reads these files, likewise.
ReadFiles read_listed_files(const std::vector<std::filesystem::path>& files, int threads,
                            const MemoryBudgetPointer& budget);

}  // namespace lumbargrade
