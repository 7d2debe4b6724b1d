// How often each grade comes out of the phantom, against how often it is wanted. Makes the patients and measures them,
// but takes no images.
//
//     phantom_prevalence 1000 [SEED] > prevalence.md

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "core/error.h"
#include "phantom/lesions.h"

namespace lumbargrade::phantom {
namespace {

using Counts = std::array<std::array<std::array<int, kSeverityCount>, kLevelCount>, kConditionCount>;

Counts count_grades(int patients, std::uint64_t seed) {
  Counts counts{};
  const auto count = [&](Condition condition, size_t level, Severity severity) {
    ++counts[static_cast<size_t>(condition)][level][static_cast<size_t>(severity)];
  };
  for (int i = 0; i < patients; ++i) {
    Stream body{seed, static_cast<std::uint64_t>(i), 1};
    Stream lesions{seed, static_cast<std::uint64_t>(i), 2};
    PatientPlan plan = draw_patient(body);
    const LesionResult result = add_lesions(plan, challenge_prevalence(), lesions);
    for (size_t level = 0; level < kLevelCount; ++level) {
      count(Condition::SpinalCanalStenosis, level, result.levels[level].canal);
      for (const SideMeasure& side : result.levels[level].side) {
        count(Condition::NeuralForaminalNarrowing, level, side.foramen);
        count(Condition::SubarticularStenosis, level, side.recess);
      }
    }
  }
  return counts;
}

/// "wanted > found (standard errors away)" of one share.
std::string cell(double wanted, int found, int total) {
  const double share = static_cast<double>(found) / total;
  const double standard_error = std::sqrt(std::max(wanted * (1 - wanted), 1e-9) / total);
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3f / %.3f (%+.1f)", wanted, share, (share - wanted) / standard_error);
  return buffer.data();
}

void print(const Counts& counts) {
  const Prevalence wanted = challenge_prevalence();
  std::cout << "Wanted / found (standard errors apart)\n\n| condition | level | normal/mild | moderate | severe |\n"
               "|---|---|---|---|---|\n";
  for (size_t condition = 0; condition < kConditionCount; ++condition) {
    for (const Level level : kLevels) {
      const auto i = static_cast<size_t>(index_of(level));
      const auto& row = counts[condition][i];
      std::cout << "| " << condition_key(static_cast<Condition>(condition)) << " | " << level_name(level);
      for (size_t grade = 0; grade < kSeverityCount; ++grade) {
        std::cout << " | " << cell(wanted.share[condition][i][grade], row[grade], row[0] + row[1] + row[2]);
      }
      std::cout << " |\n";
    }
  }
}

}  // namespace
}  // namespace lumbargrade::phantom

int main(int argc, char** argv) {
  const int patients = argc > 1 ? std::atoi(argv[1]) : 0;
  if (patients < 1 || argc > 3) {
    std::cerr << "usage: phantom_prevalence PATIENTS [SEED]\n";
    return static_cast<int>(lumbargrade::ErrorKind::Usage);
  }
  lumbargrade::phantom::print(
      lumbargrade::phantom::count_grades(patients, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1));
}
