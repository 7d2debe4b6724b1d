#pragma once

#include <cstddef>
#include <functional>

namespace lumbargrade {

/// Calls `work(i)` for i in [0, count), shared out among as many threads as LibTorch may use, each of which computes
/// alone. LibTorch's own threads wait for each other in every layer, and wait long where other programs want the cores
/// too; these wait once. A single item, like a single thread, is worked on by the caller with all LibTorch's threads.
///
/// For networks on the CPU; at::set_num_threads(1) holds meanwhile. Rethrows the first exception.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace lumbargrade
