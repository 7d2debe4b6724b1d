#include "batch/merge.h"

#include <algorithm>
#include <iterator>

#include "batch/study_summary.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "report/grades_csv.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

/// The folder itself when it is a shard, else the shards in it.
std::vector<fs::path> shard_folders_in(const fs::path& folder) {
  if (fs::exists(folder / "plan.json")) return {folder};
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "shards", ignored)) {
    if (fs::exists(entry.path() / "plan.json")) found.push_back(entry.path());
  }
  if (found.empty()) throw Error(ErrorKind::Failure, text(folder.string(), " holds no shard of a batch run"));
  std::sort(found.begin(), found.end());
  return found;
}

/// What the first shard says about the whole; the others must say the same.
void check_agreement(const ResultStore& store, const Plan& plan, const Plan& first, const RunIdentity& identity) {
  const std::string folder = store.folder().string();
  if (plan.shard.count != first.shard.count) {
    throw Error(ErrorKind::Failure, text(folder, " is one of ", plan.shard.count, " shards, others of ",
                                         first.shard.count, "; a run has one number of shards"));
  }
  if (plan.data_set_digest != first.data_set_digest) {
    throw Error(ErrorKind::Failure,
                text(folder,
                     " saw another data set than the other shards: studies came or went between them; run the "
                     "shards again, finished studies are kept"));
  }
  if (store.read_identity() != identity) {
    throw Error(ErrorKind::Failure, text(folder, " was graded with another bundle or other options"));
  }
}

/// Collects one shard after the other.
class ShardCollector {
 public:
  void add(const fs::path& folder) {
    const ResultStore store(folder);
    Plan plan = store.read_plan();
    if (stores_.empty()) {
      first_ = plan;
      identity_ = store.read_identity();
      stores_.resize(static_cast<size_t>(plan.shard.count));
    }
    check_agreement(store, plan, first_, identity_);
    auto& place = stores_.at(static_cast<size_t>(plan.shard.index - 1));
    if (place) {
      throw Error(ErrorKind::Failure, text("shard ", plan.shard.index, "/", plan.shard.count,
                                           " is there twice: ", place->folder().string(), " and ", folder.string()));
    }
    place = store;
    std::move(plan.ids.begin(), plan.ids.end(), std::back_inserter(set_.ids));
    std::move(plan.discovery_failures.begin(), plan.discovery_failures.end(),
              std::back_inserter(set_.discovery_failures));
  }

  ShardSet finish() {
    for (size_t i = 0; i < stores_.size(); ++i) {
      if (!stores_[i]) throw Error(ErrorKind::Failure, text("shard ", i + 1, "/", stores_.size(), " is missing"));
      set_.stores.push_back(*stores_[i]);
    }
    std::sort(set_.ids.begin(), set_.ids.end());
    if (data_set_digest(set_.ids) != first_.data_set_digest) {
      throw Error(ErrorKind::Failure,
                  "the shards' studies together are not the data set that each of them saw; run the shards again, "
                  "finished studies are kept");
    }
    std::sort(set_.discovery_failures.begin(), set_.discovery_failures.end(), comes_first);
    return std::move(set_);
  }

 private:
  Plan first_;
  RunIdentity identity_;
  std::vector<std::optional<ResultStore>> stores_;
  ShardSet set_;
};

const ResultStore& store_of(const ShardSet& shards, const std::string& study_id) {
  return shards.stores[static_cast<size_t>(shard_index(study_id, static_cast<int>(shards.stores.size())) - 1)];
}

bool has_end(const ShardSet& shards, const std::string& study_id) {
  const ResultStore& store = store_of(shards, study_id);
  return store.has_result(study_id) || fs::exists(store.failure_file(study_id));
}

void check_complete(const ShardSet& shards) {
  const auto& ids = shards.ids;
  std::vector<std::string> missing;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(missing),
               [&](const auto& id) { return !has_end(shards, id); });
  if (missing.empty()) return;
  const std::string& first = missing.front();
  throw Error(ErrorKind::Failure,
              text(missing.size(), " of ", ids.size(), " studies are not finished, such as ", first, " in ",
                   store_of(shards, first).folder().string(), "; run that batch again, it resumes where it stopped"));
}

void append(AtomicFile& file, const std::string& content) {
  file.write(content.data(), content.size());
}

}  // namespace

ShardSet collect_shards(const std::vector<fs::path>& folders) {
  ShardCollector collector;
  for (const fs::path& folder : folders) {
    for (const fs::path& shard : shard_folders_in(folder)) collector.add(shard);
  }
  return collector.finish();
}

void for_each_study(const ShardSet& shards, const MergeCallbacks& callbacks) {
  check_complete(shards);
  for (const std::string& id : shards.ids) {
    const ResultStore& store = store_of(shards, id);
    if (store.has_result(id)) {
      callbacks.graded(id, read_result_file(store.result_file(id), id));
    } else if (const auto failure = store.read_failure(id)) {
      callbacks.failed(*failure);
    }
  }
  for (const StudyFailure& failure : shards.discovery_failures) callbacks.failed(failure);
}

MergeCounts write_tables(const ShardSet& shards, const fs::path& output) {
  const FolderLock lock(output);
  remove_half_written_files(output);
  AtomicFile grades(output / "grades.csv"), studies(output / "studies.csv"), failures(output / "failures.csv");
  append(grades, csv_line(grades_csv_columns()));
  append(studies, csv_line(study_summary_columns()));
  append(failures, csv_line(failure_columns()));
  MergeCounts counts;
  const auto graded = [&](const std::string&, const StudyResultFile& result) {
    ++counts.graded;
    for (const auto& row : result.grades.rows) append(grades, csv_line(row));
    append(studies, csv_line(result.record.summary));
  };
  const auto failed = [&](const StudyFailure& failure) {
    ++counts.failed;
    append(failures, csv_line(failure_cells(failure)));
    append(studies, csv_line(summary_cells(failure)));
  };
  for_each_study(shards, {graded, failed});
  grades.commit();
  studies.commit();
  failures.commit();
  return counts;
}

const std::vector<std::string>& failure_columns() {
  static const std::vector<std::string> columns = {"study_id", "stage", "reason", "file"};
  return columns;
}

std::vector<std::string> failure_cells(const StudyFailure& failure) {
  return {failure.study_id, failure.stage, failure.reason, failure.file};
}

}  // namespace lumbargrade
