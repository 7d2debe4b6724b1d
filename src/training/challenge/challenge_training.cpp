#include "training/challenge/challenge_training.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "bundle/manifest.h"
#include "bundle/verify.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "training/grader/ensemble_training.h"
#include "training/grader/file_lock.h"
#include "training/points/point_trainer.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunFile = "run.json";

/// What the call says that decides the result; recipe and data are compared by each part for itself, too.
nlohmann::json identity_of(const ChallengeTraining& training) {
  return {
      {"data", fs::weakly_canonical(training.data.data).string()},
      {"unlabelled", training.data.unlabelled.empty() ? "" : fs::weakly_canonical(training.data.unlabelled).string()},
      {"base", training.data.base_bundle},
      {"recipe", training.recipe.name},
      {"folds", training.recipe.folds},
      {"point iterations", training.point_iterations},
      {"seed", training.seed}};
}

/// A folder is this run's, or new or empty.
void claim_folder(const ChallengeTraining& training) {
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

/// Trains the networks that find points where the data set has coordinates, unless an earlier call or another process
/// has: graders are then cut and run at their points, held-out studies at those of networks that had not seen them.
void train_points_first(ChallengeTraining& training) {
  if (!fs::exists(TrainingFolder(training.data.data).coordinates())) {
    log_info("points: the base bundle's; the data set has no coordinates to learn them from");
    return;
  }
  PointTraining points;
  static_cast<TrainingOptions&>(points) = static_cast<const TrainingOptions&>(training);
  points.out = training.out / "points";
  points.card.clear();
  points.folds = training.recipe.folds;
  points.iterations = training.point_iterations;
  points.data = {training.data.data, points.out / "crops", training.data.base_bundle, training.threads};
  const FileLock lock = FileLock::wait_for(training.out / "checkpoint" / "points.lock", "the points");
  if (!fs::exists(points.out / kManifestFile)) train_points(points);  // the manifest is written last
  training.data.base_bundle = points.out.string();
  training.data.out_of_fold_points = points.record_folder() / "out_of_fold_points.csv";
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

void train_challenge(ChallengeTraining training) {
  claim_folder(training);
  training.resume = true;
  train_points_first(training);
  train_ensemble(training);
  if (!training.only) check_bundle(training.out);
}

}  // namespace lumbargrade
