#include "core/prevalence.h"

namespace lumbargrade {
namespace {

// {normal_mild, moderate, severe} from L1/L2 to L5/S1, in the order of Condition; three decimals, as counted.
constexpr PriorTable kCounted = {{
    {{{.955, .034, .011}, {.897, .076, .027}, {.822, .117, .062}, {.751, .120, .129}, {.965, .026, .010}}},
    {{{.964, .032, .004}, {.910, .086, .004}, {.770, .209, .020}, {.612, .320, .068}, {.642, .258, .100}}},
    {{{.930, .056, .014}, {.827, .132, .042}, {.670, .230, .099}, {.451, .316, .234}, {.714, .204, .082}}},
}};

PriorTable normalised(PriorTable prior) {
  for (auto& levels : prior) {
    for (auto& probabilities : levels) {
      const double sum = probabilities[0] + probabilities[1] + probabilities[2];
      for (double& probability : probabilities) probability /= sum;
    }
  }
  return prior;
}

}  // namespace

const PriorTable& challenge_prevalence() {
  static const PriorTable prevalence = normalised(kCounted);
  return prevalence;
}

}  // namespace lumbargrade
