#pragma once

namespace lumbargrade {

/// All threads of this process allocate from one arena of malloc's, from now on. Each arena keeps what was freed in it;
/// a process that grades one study at a time has few threads, whose large blocks are freed for each other so.
void use_one_malloc_arena();

/// Takes LibTorch's code and constants out of this process's memory; what is needed again comes back from the page
/// cache, some microseconds for 64 KiB. Loading LibTorch touches 80 MiB of it that nothing reads afterwards: relocation
/// tables, symbols, the registration of its operators. Call it when that is over, from any thread.
void hand_back_libtorch_pages();

}  // namespace lumbargrade
