// How often each grade comes out of the phantom, against how often it is wanted. Makes the patients and measures them,
// but takes no images.
//
//     phantom_prevalence 1000 [SEED] > prevalence.md

#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "core/error.h"
#include "phantom/lesions.h"
#include "program.h"

namespace lumbargrade::phantom {
namespace {

/// Share of one grade over patients. Both sides of a patient resemble each other, so the standard error is taken over
/// patients, not over sides.
class Share {
 public:
  void add(double of_patient) {
    ++patients_;
    sum_ += of_patient;
    squares_ += of_patient * of_patient;
  }
  double mean() const { return sum_ / patients_; }
  double standard_error() const { return std::sqrt(std::max(0.0, squares_ / patients_ - mean() * mean()) / patients_); }

 private:
  double patients_ = 0, sum_ = 0, squares_ = 0;
};

using Shares = std::array<std::array<std::array<Share, kSeverityCount>, kLevelCount>, kConditionCount>;

Severity grade_of(const LevelMeasure& level, Condition condition, Side side) {
  if (condition == Condition::SpinalCanalStenosis) return level.canal;
  const SideMeasure& measure = level.side[index_of(side)];
  return condition == Condition::NeuralForaminalNarrowing ? measure.foramen : measure.recess;
}

Shares measure_shares(int patients, std::uint64_t seed) {
  Shares shares{};
  for (int i = 0; i < patients; ++i) {
    Stream body{seed, static_cast<std::uint64_t>(i), 1};
    Stream lesions{seed, static_cast<std::uint64_t>(i), 2};
    PatientPlan plan = draw_patient(body);
    const LesionResult result = add_lesions(plan, challenge_prevalence(), lesions);
    for (size_t condition = 0; condition < kConditionCount; ++condition) {
      for (size_t level = 0; level < kLevelCount; ++level) {
        std::array<double, kSeverityCount> of_patient{};
        for (const Side side : kSides) {
          const Severity grade = grade_of(result[level], static_cast<Condition>(condition), side);
          of_patient[static_cast<size_t>(grade)] += 0.5;
        }
        for (size_t grade = 0; grade < kSeverityCount; ++grade) shares[condition][level][grade].add(of_patient[grade]);
      }
    }
  }
  return shares;
}

void print(const Shares& shares) {
  const PriorTable wanted = challenge_prevalence();
  std::cout << "wanted / found ± standard error\n\n| condition | level | normal/mild | moderate | severe |\n"
               "|---|---|---|---|---|\n";
  std::cout << std::fixed << std::setprecision(3);
  for (size_t condition = 0; condition < kConditionCount; ++condition) {
    for (const Level level : kLevels) {
      const auto i = index_of(level);
      std::cout << "| " << condition_key(static_cast<Condition>(condition)) << " | " << level_name(level);
      for (size_t grade = 0; grade < kSeverityCount; ++grade) {
        const Share& found = shares[condition][i][grade];
        std::cout << " | " << wanted[condition][i][grade] << " / " << found.mean() << " ± " << found.standard_error();
      }
      std::cout << " |\n";
    }
  }
}

int run(const std::string& patients, const std::string& seed) {
  const int count = std::atoi(patients.c_str());
  if (count < 1) throw Error(ErrorKind::Usage, "PATIENTS is a number above 0");
  print(measure_shares(count, std::strtoull(seed.c_str(), nullptr, 10)));
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade::phantom

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "phantom_prevalence PATIENTS [SEED]", 1, 2, [](const Arguments& arguments) {
    return phantom::run(arguments[0], arguments.optional(1).value_or("1"));
  });
}
