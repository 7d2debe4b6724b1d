// Derives the canal grade's numbers from measured canals (docs/canal-grade.md):
//   calibrate_canal canal_measurements.csv > grading.json
// The CSV has study_id, level, ap_mm, reference_mm, ratio, as ../shared/data/spider/canal_measurements.csv or as
// measured by the locator on patients that its training did not see.
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "training/calibration/canal_calibration.h"

namespace lumbargrade {
namespace {

std::optional<double> number(const std::string& field) {
  if (field.empty()) return std::nullopt;
  return std::stod(field);
}

CanalSample read_sample(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  const auto level = table.column("level");
  const auto diameter = table.column("ap_mm");
  const auto reference = table.column("reference_mm");
  if (!level || !diameter || !reference) {
    throw Error(ErrorKind::Usage, text(path.string(), " lacks one of the columns level, ap_mm, reference_mm"));
  }
  CanalSample sample;
  for (const auto& row : table.rows) {
    const auto parsed = parse_level(row[*level]);
    const auto diameter_mm = number(row[*diameter]);
    if (parsed && diameter_mm) sample[index_of(*parsed)].push_back({*diameter_mm, number(row[*reference])});
  }
  return sample;
}

nlohmann::ordered_json to_json(const CanalCalibration& calibration) {
  nlohmann::ordered_json levels;
  for (Level level : kLevels) {
    const auto& cuts = calibration.model.levels[index_of(level)];
    levels[std::string(level_name(level))] = {{"moderate_below_mm", cuts.moderate_below},
                                              {"severe_below_mm", cuts.severe_below},
                                              {"typical_reference_mm", cuts.typical_reference}};
  }
  return {{"reference_exponent", calibration.model.reference_exponent},
          {"width_mm", calibration.model.width},
          {"reader_sd_mm", calibration.reader_sd_mm},
          {"levels", levels}};
}

/// Mean probability and, for the eye, how the sample would be graded.
void print_check(const CanalSample& sample, const MeasureModel& model) {
  for (Level level : kLevels) {
    Probabilities mean{};
    std::array<int, kSeverityCount> graded{};
    const auto& measures = sample[index_of(level)];
    for (const CanalMeasure& measure : measures) {
      const Probabilities p = measured_probabilities(model, level, {measure.diameter_mm, measure.reference_mm});
      int best = 0;
      for (int k = 0; k < kSeverityCount; ++k) {
        mean[k] += p[k] / static_cast<double>(measures.size());
        if (p[k] >= p[best]) best = k;
      }
      ++graded[best];
    }
    std::cerr << level_name(level) << ": " << measures.size() << " canals, mean probabilities " << mean[0] << " "
              << mean[1] << " " << mean[2] << ", graded " << graded[0] << " " << graded[1] << " " << graded[2] << "\n";
  }
}

int run(const std::filesystem::path& path) {
  const CanalSample sample = read_sample(path);
  CanalAssumptions assumptions;
  assumptions.prevalence = challenge_prevalence()[static_cast<size_t>(Condition::SpinalCanalStenosis)];
  const CanalCalibration calibration = calibrate_canal(sample, assumptions);
  print_check(sample, calibration.model);
  std::cout << to_json(calibration).dump(2) << "\n";
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: calibrate_canal canal_measurements.csv\n";
    return static_cast<int>(lumbargrade::ErrorKind::Usage);
  }
  try {
    return lumbargrade::run(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "calibrate_canal: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
