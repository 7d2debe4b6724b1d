#include "training/grader/held_out_grades.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "bundle/bundle.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "grades/network_grader.h"
#include "network/state.h"
#include "pipeline/load_grader.h"
#include "training/grader/file_lock.h"
#include "training/grader/grader_bundle.h"
#include "training/grader/study_source.h"
#include "training/grader/training_set.h"
#include "training/loop/trainer.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// With their indices, which rise.
using HeldOutStudies = std::vector<std::pair<size_t, HeldOutStudy>>;

/// The networks of one fold as a bundle in memory, without calibration.
Bundle bundle_of_fold(const GraderTrainingOptions& training, const GraderData& data, const TrainedEnsemble& graders,
                      size_t member) {
  Bundle bundle;
  for (const TrainedNetwork& trained : member_networks(training, data, graders, {member})) {
    const NetworkSpec& spec = trained.spec;
    const Network network = build_network(spec.architecture, spec.parameters, "the recipe", spec.name);
    load_state(*network.module, trained.state, spec.name);
    network.module->eval();
    bundle.networks.push_back({spec, network});
    bundle.manifest.networks.push_back(spec);
  }
  for (const TrainedCondition& trained_condition : graders.conditions) {
    ConditionSpec spec;
    spec.condition = trained_condition.condition;
    spec.combine = training.recipe.combine;
    spec.tta = training.recipe.tta;
    bundle.manifest.grading.conditions.push_back(spec);
  }
  return bundle;
}

HeldOutStudy grade_one(const StudySource& source, const NetworkGrader& networks, const std::string& study_id) {
  HeldOutStudy result;
  try {
    const PreparedStudy prepared = source.read(study_id);
    const Spine spine = source.spine(prepared);
    const NetworkGrades grades = networks.grade(prepared.study, spine);
    const StudyMeasures measures = measure_study(prepared.study, spine, source.model().foramen_finder);
    for (size_t k = 0; k < kFindingCount; ++k) {
      const Finding& finding = all_findings()[k];
      const auto& frame = spine.levels[index_of(finding.level)];
      if (!frame) continue;
      result.confidence[index_of(finding.level)] = frame->confidence;
      if (grades[k]) result.networks[k] = grades[k]->probabilities;
      result.measured[k] = measured_grade(finding, finding_measures(finding, *frame, measures), source.model());
    }
  } catch (const Error& error) {
    log_debug(text(study_id, " is graded by the prior: ", error.what()));  // skipped.csv tells it
  }
  return result;
}

nlohmann::json study_json(const HeldOutStudy& study) {
  nlohmann::json networks, measured;
  for (size_t k = 0; k < kFindingCount; ++k) {
    networks.push_back(study.networks[k] ? nlohmann::json(*study.networks[k]) : nlohmann::json());
    const auto& measure = study.measured[k];
    measured.push_back(measure ? nlohmann::json{measure->probabilities, measure->weight} : nlohmann::json());
  }
  return {{"networks", networks}, {"measured", measured}, {"confidence", study.confidence}};
}

HeldOutStudy study_from(const nlohmann::json& json) {
  HeldOutStudy study;
  study.confidence = json.at("confidence").get<std::array<double, kLevelCount>>();
  for (size_t k = 0; k < kFindingCount; ++k) {
    const auto &network = json.at("networks").at(k), &measure = json.at("measured").at(k);
    if (!network.is_null()) study.networks[k] = network.get<Probabilities>();
    if (measure.is_null()) continue;
    study.measured[k] = MeasuredGrade{measure.at(0).get<Probabilities>(), measure.at(1).get<double>()};
  }
  return study;
}

/// All that decides what the networks of a fold say of the studies held out in it.
nlohmann::json identity_of(const GraderTrainingOptions& training, const GraderData& data,
                           const TrainedEnsemble& graders, size_t member, const std::string& base_sha256) {
  nlohmann::json identity = {data.fingerprint, base_sha256, training.recipe.combine, training.recipe.folds,
                             training.seed};
  for (const TtaTransform& look : training.recipe.tta)
    identity.push_back({look.row_mm, look.column_mm, look.degrees, look.mirror});
  for (const TrainedNetwork& network : member_networks(training, data, graders, {member}))
    identity.push_back(digest_of(network.state));
  return identity;
}

std::optional<HeldOutStudies> kept_studies(const fs::path& path, const nlohmann::json& identity) {
  const nlohmann::json json = stored_json(path);
  if (!json.is_object() || json.value("identity", nlohmann::json()) != identity) return std::nullopt;
  HeldOutStudies studies;
  for (const auto& entry : json.at("studies")) studies.emplace_back(entry.at(0).get<size_t>(), study_from(entry.at(1)));
  return studies;
}

void keep_studies(const fs::path& path, const nlohmann::json& identity, const HeldOutStudies& studies) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& [index, study] : studies) list.push_back({index, study_json(study)});
  write_file_atomically(path, nlohmann::json{{"identity", identity}, {"studies", list}}.dump());
}

HeldOutStudies graded_studies(const GraderTrainingOptions& training, const GraderData& data, const StudySource& source,
                              const NetworkGrader& networks, int fold) {
  const std::vector<int> folds = folds_of_studies(data.study_ids.size(), training.recipe.folds, training.seed);
  HeldOutStudies held_out;
  for (size_t study = 0; study < folds.size(); ++study) {
    if (folds[study] == fold) held_out.push_back({study, {}});
  }
  Progress progress(text("grading the studies held out in fold ", fold), static_cast<int>(held_out.size()));
  const auto together = static_cast<size_t>(training.threads);
  for (size_t first = 0; first < held_out.size(); first += together) {
    for_each_index(std::min(together, held_out.size() - first), training.threads, [&](size_t k) {
      auto& [index, graded] = held_out[first + k];
      graded = grade_one(source, networks, data.study_ids[index]);
    });
    progress.show(static_cast<int>(std::min(first + together, held_out.size())), "");
  }
  return held_out;
}

}  // namespace

std::vector<std::optional<HeldOutStudy>> grade_held_out(const GraderTrainingOptions& training, const GraderData& data,
                                                        const TrainedEnsemble& graders, const std::string& pass) {
  // Studies are graded side by side.
  const LoadedGrader base = load_grader({.bundle = training.data.base_folder(),
                                         .device = training.device,
                                         .precision = "float32",
                                         .threads = 1,
                                         .lowest_disc = {}});
  const TrainingFolder folder(training.data.data);
  const StudySource source(folder, base.grader, training.data.out_of_fold_points);
  std::vector<std::optional<HeldOutStudy>> all(data.study_ids.size());
  const std::vector<int> folds = training.recipe.folds_to_run();
  for (size_t member = 0; member < folds.size(); ++member) {
    const fs::path path = training.out / "checkpoint" / text("held-out", pass, "-fold", folds[member], ".json");
    const FileLock lock =
        FileLock::wait_for(path.string() + ".lock", text("the studies held out in fold ", folds[member]));
    const nlohmann::json identity = identity_of(training, data, graders, member, base.bundle_sha256);
    auto studies = kept_studies(path, identity);
    if (!studies) {
      const NetworkGrader networks(bundle_of_fold(training, data, graders, member), training.device);
      studies = graded_studies(training, data, source, networks, folds[member]);
      keep_studies(path, identity, *studies);
    }
    for (const auto& [index, study] : *studies) all[index] = study;
  }
  at::set_num_threads(training.threads);  // load_grader set them to one
  return all;
}

}  // namespace lumbargrade
