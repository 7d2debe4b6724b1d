#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "bundle/manifest.h"
#include "pipeline/grade_study.h"
#include "pipeline/precision_name.h"
#include "report/study_report.h"

namespace lumbargrade {

struct GraderOptions {
  std::optional<std::string> bundle;       ///< folder; empty: see find_bundle
  std::string device = "cpu";              ///< "cpu", "cuda", "cuda:N" or "auto"
  std::string precision = kAutoPrecision;  ///< of the networks: see resolved_precision and scalar_type_of
  int threads = 0;                         ///< of the networks; 0: as many as there are cores
  std::string lowest_disc;                 ///< "L5/S1", "L4/L5" or "L6/S1"; empty: counted
};

/// What a record of a run says of what graded.
struct GraderIdentity : BundleIdentity {
  std::filesystem::path bundle_folder;
  std::string device;     ///< what "auto" became
  std::string precision;  ///< the same
  int threads = 0;
};

/// A bundle ready to grade.
struct LoadedGrader : GraderIdentity {
  Grader grader;
};

/// Error (BundleInvalid) that names the first key in which the manifest declares a network that this version would run
/// otherwise than it says: spacing, normalisation, series, names, classes and the like. Nothing is loaded. `file` names
/// the manifest.
void check_runs(const Manifest& manifest, const std::string& file);

/// Lets the networks use so many threads; 0: as many as there are cores.
void use_threads(LoadedGrader& loaded, int threads);

/// Loads and checks the bundle. Throws Error (BundleInvalid), or (Usage) for a wrong option.
LoadedGrader load_grader(const GraderOptions& options);

}  // namespace lumbargrade
