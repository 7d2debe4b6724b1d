#include "core/process_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lumbargrade {
namespace {

/// The whole pages of a segment that nobody writes: they are as the file has them. (What relocation writes to lies in
/// segments that are writable in their header, read-only or not by now.)
void hand_back(const dl_phdr_info& library, const ElfW(Phdr) & segment) {
  if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) return;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (library.dlpi_addr + segment.p_vaddr + page - 1) / page * page;
  const std::uintptr_t end = (library.dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // refused: they just stay
}

int look_at(dl_phdr_info* library, std::size_t, void*) {
  const std::string_view name = library->dlpi_name == nullptr ? "" : library->dlpi_name;
  if (name.find("/libtorch") == std::string_view::npos) return 0;
  for (int k = 0; k < library->dlpi_phnum; ++k) hand_back(*library, library->dlpi_phdr[k]);
  return 0;
}

}  // namespace

void set_up_malloc_for_grading() {
  constexpr int kLargestOfHeap = 16 << 20;  // the largest tensors of the locator's pass have 8 MiB, volumes often more
  constexpr int kKeptAtTop = 64 << 20;      // a pass takes 20 to 30 MiB
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargestOfHeap);
  mallopt(M_TRIM_THRESHOLD, kKeptAtTop);
}

void prefer_large_pages(void* memory, std::size_t bytes) {
  constexpr std::uintptr_t kLargePage = 2 << 20;  // of x86-64 and of arm64 with pages of 4 KiB
  const auto first = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t begin = (first + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t end = (first + bytes) / kLargePage * kLargePage;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // refused: they just stay
}

void hand_back_libtorch_pages() {
  dl_iterate_phdr(look_at, nullptr);
}

void limit_private_memory([[maybe_unused]] std::uint64_t bytes) {
#ifndef __SANITIZE_ADDRESS__
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_DATA, &limit);
#endif
}

}  // namespace lumbargrade
