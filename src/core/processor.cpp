#include "core/processor.h"

namespace lumbargrade {

bool sums_products_of_bytes() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

}  // namespace lumbargrade
