#pragma once

namespace lumbargrade {

/// Whether the processor multiplies bytes and sums the products in one instruction, exactly (AVX-512 VNNI). Without it
/// networks in 8-bit integers are no faster, and oneDNN's sums may saturate.
bool sums_products_of_bytes();

}  // namespace lumbargrade
