#include "training/grader/training_set.h"

#include <algorithm>
#include <set>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/table.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

std::set<std::string> folders_in(const fs::path& path) {
  std::set<std::string> names;
  if (!fs::is_directory(path)) return names;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_directory()) names.insert(entry.path().filename().string());
  }
  return names;
}

/// A table of series that is wrong would cost every study: it is told at once. Error (Usage), with the line.
void check_series_table(const fs::path& path) {
  if (fs::exists(path))
    static_cast<void>(Table(path, ErrorKind::Usage, {"study_id", "series_id", "series_description"}));
}

}  // namespace

TrainingFolder::TrainingFolder(fs::path root) : root_(std::move(root)) {
  const bool is_test = !fs::is_directory(root_ / "train_images") && fs::is_directory(root_ / "test_images");
  part_ = is_test ? "test" : "train";
  check_series_table(series());
}

nlohmann::json stored_json(const fs::path& file) {
  nlohmann::json json = nlohmann::json::parse(file_text(file).value_or(""), nullptr, false);
  return json.is_discarded() ? nlohmann::json() : json;
}

void write_problems(const fs::path& path, const std::vector<DataProblem>& problems) {
  std::string content = csv_line({"study_id", "finding", "reason"});
  for (const DataProblem& problem : problems) content += csv_line({problem.study_id, problem.finding, problem.reason});
  write_file_atomically(path, content);
}

TrainingSet labelled_studies(const TrainingFolder& folder) {
  if (!fs::exists(folder.labels())) {
    throw Error(ErrorKind::Usage, text(folder.labels().string(),
                                       " is missing; --data takes a folder in the challenge's layout: train.csv, "
                                       "train_images/<study>/<series>/"));
  }
  TrainingSet set;
  std::set<std::string> with_images = folders_in(folder.images());
  const Truth truth = read_truth(folder.labels());
  size_t without_images = 0;
  for (const StudyLabels& study : truth) {
    const bool has_images = with_images.erase(study.study_id) > 0;
    const bool is_labelled =
        std::any_of(study.labels.begin(), study.labels.end(), [](const auto& label) { return label.has_value(); });
    if (has_images && is_labelled) {
      set.studies.push_back(study);
    } else if (has_images) {
      set.problems.push_back({study.study_id, "", "no finding is labelled"});
    } else {
      set.problems.push_back({study.study_id, "", "labels without images"});
      ++without_images;
    }
  }
  for (const std::string& id : with_images) set.problems.push_back({id, "", "images without labels"});
  if (without_images > 0) {
    log_warning(text(without_images, " of ", truth.size(), " labelled studies have no folder in ",
                     folder.images().string(), " and are left out"));
  }
  if (!with_images.empty()) log_warning(text(with_images.size(), " studies have images but no labels"));
  if (set.studies.empty()) {
    throw Error(ErrorKind::Usage, text("no labelled study with images in ", folder.root().string()));
  }
  return set;
}

TrainingSet unlabelled_studies(const TrainingFolder& folder) {
  TrainingSet set;
  for (const std::string& id : folders_in(folder.images())) set.studies.push_back({id, {}});
  if (set.studies.empty()) {
    throw Error(ErrorKind::Usage, text("no study in ", folder.images().string(),
                                       "; --unlabelled takes a folder in the challenge's layout: "
                                       "train_images/<study>/<series>/ or test_images/<study>/<series>/"));
  }
  return set;
}

}  // namespace lumbargrade
