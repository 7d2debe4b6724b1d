#include "grades/grade.h"

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

Probabilities mixed(const std::vector<Contribution>& contributions) {
  Probabilities sum{};
  for (const Contribution& one : contributions) {
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += one.share * one.probabilities[k];
  }
  return sum;
}

}  // namespace lumbargrade
