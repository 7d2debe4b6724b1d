// Loads one study and tells what came of it: loader_load FOLDER [THREADS]. Timed by benchmarks/loader.
#include <iostream>
#include <string>

#include "core/error.h"
#include "study/study.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: loader_load FOLDER [THREADS]\n";
    return 2;
  }
  try {
    lumbargrade::StudyOptions options;
    options.threads = argc > 2 ? std::stoi(argv[2]) : 2;
    const lumbargrade::Study study = lumbargrade::load_study(argv[1], options);
    std::cout << study.series.size() << " series, sagittal T1 " << study.sagittal_t1.has_value() << ", sagittal T2 "
              << study.sagittal_t2.has_value() << ", axial blocks " << study.axial_t2.size() << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
