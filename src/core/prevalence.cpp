#include "core/prevalence.h"

#include <algorithm>

namespace lumbargrade {
namespace {

// {normal_mild, moderate, severe} from L1/L2 to L5/S1, in the order of Condition; three decimals, as counted.
constexpr PriorTable kCounted = {{
    {{{.955, .034, .011}, {.897, .076, .027}, {.822, .117, .062}, {.751, .120, .129}, {.965, .026, .010}}},
    {{{.964, .032, .004}, {.910, .086, .004}, {.770, .209, .020}, {.612, .320, .068}, {.642, .258, .100}}},
    {{{.930, .056, .014}, {.827, .132, .042}, {.670, .230, .099}, {.451, .316, .234}, {.714, .204, .082}}},
}};

}  // namespace

const PriorTable& challenge_prevalence() {
  static const PriorTable prevalence = [] {
    PriorTable prior = kCounted;
    for (auto& levels : prior) std::transform(levels.begin(), levels.end(), levels.begin(), normalised);
    return prior;
  }();
  return prevalence;
}

}  // namespace lumbargrade
