#include "grades/grade.h"

namespace lumbargrade {

std::string_view source_name(GradeSource source) {
  static constexpr std::array<std::string_view, 4> kNames = {"network", "measure", "network+measure", "prior"};
  return kNames.at(index_of(source));
}

Probabilities mixed(const std::vector<Contribution>& contributions) {
  Probabilities sum{};
  for (const Contribution& one : contributions) {
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += one.share * one.probabilities[k];
  }
  return sum;
}

}  // namespace lumbargrade
