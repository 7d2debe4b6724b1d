#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "pipeline/grade_study.h"

namespace lumbargrade {

struct GraderOptions {
  std::optional<std::string> bundle;  ///< folder; empty: see find_bundle
  std::string device = "cpu";         ///< "cpu", "cuda", "cuda:N" or "auto"
  std::string precision = "float32";  ///< of the networks, see scalar_type_of
  int threads = 0;                    ///< of the networks; 0: as many as there are cores
  std::string lowest_disc;            ///< "L5/S1", "L4/L5" or "L6/S1"; empty: counted
};

/// A bundle ready to grade, with what a record of the run says about it.
struct LoadedGrader {
  Grader grader;
  std::filesystem::path bundle_folder;
  std::string bundle_name;
  std::string bundle_version;
  std::string intended_use;   ///< the bundle's own words
  std::string bundle_sha256;  ///< of its manifest, which pins every other file
  std::string device;         ///< what "auto" became
  int threads = 0;
};

/// Loads and checks the bundle. Throws Error (BundleInvalid), or (Usage) for a wrong option.
LoadedGrader load_grader(const GraderOptions& options);

}  // namespace lumbargrade
