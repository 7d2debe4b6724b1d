#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "dicom/instance.h"

namespace lumbargrade {

/// True when the bytes start like a zip, a tar or a gzip-packed tar.
bool looks_like_archive(std::span<const unsigned char> first_bytes);

/// How many bytes of a file looks_like_archive wants to see.
inline constexpr size_t kArchiveSignatureLength = 512;

/// So many first bytes of a file; fewer where it is shorter or cannot be read.
std::vector<unsigned char> beginning_of(const std::filesystem::path& file);

/// A file of an archive that unpacks to more is left out.
inline constexpr size_t kLargestEntry = size_t{1} << 30;

/// One file of an archive. The name is for messages and grouping only: nothing is ever written under it.
struct ArchiveEntry {
  std::string name;
  dicom::CountedBytes bytes;
};

/// Reads all files of a zip or tar, in memory, and hands each to `use`. Names and sizes are not believed: what is
/// really unpacked is counted, per entry and in all. Returns warnings about entries left out (encrypted, damaged, too
/// large). Throws Error when the archive cannot be read at all or unpacks to a multiple of its size that no images
/// have, MemoryExceeded before an entry exceeds `budget` (none: not counted). With fewer `most_bytes` each file is
/// handed on by its first ones alone, with a bounded effort for what is passed over.
std::vector<std::string> for_each_entry(const std::filesystem::path& archive,
                                        const std::function<void(ArchiveEntry)>& use,
                                        const MemoryBudgetPointer& budget = {}, size_t most_bytes = kLargestEntry);

}  // namespace lumbargrade
