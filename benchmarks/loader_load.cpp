// Loads one study and tells what came of it: loader_load FOLDER [THREADS]. Timed by benchmarks/loader.
#include <cstdlib>
#include <iostream>
#include <string>

#include "program.h"
#include "study/study.h"

namespace lumbargrade {
namespace {

int run(const std::string& folder, int threads) {
  StudyOptions options;
  options.threads = threads;
  const Study study = load_study(folder, options);
  std::cout << study.series.size() << " series, sagittal T1 " << study.sagittal_t1.has_value() << ", sagittal T2 "
            << study.sagittal_t2.has_value() << ", axial blocks " << study.axial_t2.size() << '\n';
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  using namespace lumbargrade;
  return run_program(argc, argv, "loader_load FOLDER [THREADS]", 1, 2, [](const Arguments& arguments) {
    return run(arguments[0], std::stoi(arguments.optional(1).value_or("2")));
  });
}
