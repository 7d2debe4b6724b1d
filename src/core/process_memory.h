#pragma once

namespace lumbargrade {

/// From now on all threads of this process allocate from one arena of malloc's, which keeps what a network's pass frees
/// for the next pass. Left to itself malloc has an arena for each thread, each with its own holes, and gives the top of
/// the heap back after every pass, to fault it in again: 50,000 page faults a study, a tenth of the processor time.
void set_up_malloc_for_grading();

/// Takes LibTorch's code and constants out of this process's memory; what is needed again comes back from the page
/// cache, some microseconds for 64 KiB. Loading LibTorch touches 80 MiB of it that nothing reads afterwards: relocation
/// tables, symbols, the registration of its operators. Call it when that is over, from any thread.
void hand_back_libtorch_pages();

}  // namespace lumbargrade
