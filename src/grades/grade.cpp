#include "grades/grade.h"

#include <algorithm>

namespace lumbargrade {

std::string_view source_name(GradeSource source) {
  switch (source) {
    case GradeSource::Network:
      return "network";
    case GradeSource::Measure:
      return "measure";
    case GradeSource::NetworkAndMeasure:
      return "network+measure";
    case GradeSource::Prior:
      return "prior";
  }
  return "prior";
}

Probabilities mix_with_prior(const Probabilities& model, const Probabilities& prior, double confidence) {
  const double weight = std::clamp(confidence, 0.0, 1.0);
  Probabilities mixed{};
  for (int k = 0; k < kSeverityCount; ++k) mixed[k] = weight * model[k] + (1 - weight) * prior[k];
  return mixed;
}

}  // namespace lumbargrade
