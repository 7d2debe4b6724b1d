#pragma once

#include <cstddef>
#include <cstdint>

namespace lumbargrade {

/// From now on all threads of this process allocate from one arena of malloc's, which keeps what a network's pass frees
/// for the next pass. Left to itself malloc has an arena for each thread, each with its own holes, and gives the top of
/// the heap back after every pass, to fault it in again: 50,000 page faults a study, a tenth of the processor time.
void set_up_malloc_for_grading();

/// Asks the kernel for large pages where memory that was allocated and not yet written to holds whole ones. To fault in
/// a study's voxels by 4 KiB takes as long as to unpack them. What the kernel cannot or may not give stays as it is.
void prefer_large_pages(void* memory, std::size_t bytes);

/// Takes LibTorch's code and constants out of this process's memory; what is needed again comes back from the page
/// cache, some microseconds for 64 KiB. Loading LibTorch touches 80 MiB of it that nothing reads afterwards: relocation
/// tables, symbols, the registration of its operators. Call it when that is over, from any thread.
void hand_back_libtorch_pages();

/// Bounds the private memory of this process from now on: what is asked for beyond it is refused. A program under
/// AddressSanitizer, whose shadow would count, stays unbounded.
void limit_private_memory(std::uint64_t bytes);

}  // namespace lumbargrade
