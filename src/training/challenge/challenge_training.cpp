#include "training/challenge/challenge_training.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "bundle/verify.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "training/grader/ensemble_training.h"
#include "training/grader/file_lock.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunFile = "run.json";

/// What the call says that decides the result; recipe and data are compared by each part for itself, too.
nlohmann::json identity_of(const GraderTrainingOptions& training) {
  return {
      {"data", fs::weakly_canonical(training.data.data).string()},
      {"unlabelled", training.data.unlabelled.empty() ? "" : fs::weakly_canonical(training.data.unlabelled).string()},
      {"base", training.data.base_bundle},
      {"recipe", training.recipe.name},
      {"folds", training.recipe.folds},
      {"seed", training.seed}};
}

/// A folder is this run's, or new or empty.
void claim_folder(const GraderTrainingOptions& training) {
  const FileLock lock = FileLock::wait_for(training.out / "checkpoint" / ".lock", training.out.string());
  const fs::path path = training.record_folder() / kRunFile;
  const nlohmann::json own = identity_of(training);
  std::ifstream file(path);
  if (!file) {
    for (const auto& entry : fs::directory_iterator(training.out)) {
      if (entry.path().filename() == "checkpoint") continue;
      throw Error(ErrorKind::Usage, text(training.out.string(), " holds ", entry.path().filename().string(),
                                         " and no run of `train challenge`; give another --out"));
    }
    fs::create_directories(training.record_folder());
    write_file_atomically(path, own.dump(1) + "\n");
    return;
  }
  const auto stored = nlohmann::json::parse(file, nullptr, false);
  for (const auto& [key, value] : own.items()) {
    if (stored.is_object() && stored.value(key, nlohmann::json()) == value) continue;
    throw Error(ErrorKind::Usage, text(training.out.string(), " was begun with another ", key, " (",
                                       stored.is_object() ? stored.value(key, nlohmann::json()).dump() : "unreadable",
                                       ", now ", value.dump(), "); repeat that command, or give another --out"));
  }
}

/// The bundle whose points the graders learn from and run with: of the points stage. By geometry so far: the base
/// bundle's own.
std::string bundle_with_points(const GraderTrainingOptions& training) {
  log_info("points: the levels' canal points, and mean offsets from them");
  return training.data.base_bundle;
}

/// Error (BundleInvalid) that names what does not hold.
void check_bundle(const fs::path& folder) {
  std::string failed;
  int passed = 0;
  verify_bundle(folder, [&](const BundleCheck& check) {
    if (check.passed)
      ++passed;
    else
      failed += (failed.empty() ? "" : "; ") + check.what + ": " + check.detail;
  });
  if (!failed.empty()) throw Error(ErrorKind::BundleInvalid, text(folder.string(), ": ", failed));
  log_info(text("the bundle holds what it says: ", passed, " checks, golden outputs among them"));
}

}  // namespace

void train_challenge(GraderTrainingOptions training) {
  claim_folder(training);
  training.resume = true;
  training.data.base_bundle = bundle_with_points(training);
  train_ensemble(training);
  if (!training.only) check_bundle(training.out);
}

}  // namespace lumbargrade
