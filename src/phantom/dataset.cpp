#include "phantom/dataset.h"

#include <array>
#include <atomic>
#include <fstream>
#include <set>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/parallel.h"
#include "phantom/study_writer.h"

namespace lumbargrade::phantom {
namespace {

namespace fs = std::filesystem;

/// Where things lie in a data set folder. Hidden folders hold what is unfinished and what a continued run needs.
struct Layout {
  fs::path root;
  fs::path images() const { return root / "train_images"; }
  fs::path labels() const { return root / "labels"; }
  fs::path state() const { return root / ".phantom"; }
  fs::path options_file() const { return state() / "options.json"; }
  /// All that is being written: a killed run leaves its remains here only, and the next one sweeps it.
  fs::path workshop() const { return state() / "unfinished"; }
  fs::path unfinished(std::uint64_t id) const { return workshop() / std::to_string(id); }
  fs::path truth(std::uint64_t id) const { return state() / (std::to_string(id) + ".json"); }
};

void check(const DatasetOptions& options) {
  const auto demand = [](double value, double lowest, double highest, const char* what) {
    if (!(value >= lowest && value <= highest)) throw Error(ErrorKind::Usage, what);
  };
  demand(options.studies, 1, 100000, "the number of studies must lie in 1..100000 (--studies)");
  demand(options.jobs, 1, 1024, "the number of jobs must lie in 1..1024 (--jobs)");
  demand(options.protocol.noise_factor, 0, 100, "the noise factor must lie in 0..100 (--noise)");
  demand(options.label_noise, 0, 1, "the share of label noise must lie in 0..1 (--label-noise)");
  demand(options.coordinates.noise_mm, 0, 100, "the noise of coordinates must lie in 0..100 mm (--coordinate-noise)");
  for (const double share : {options.coordinates.slips, options.coordinates.missing, options.coordinates.absent}) {
    demand(share, 0, 1,
           "shares of coordinates must lie in 0..1 (--coordinate-slips, --coordinates-missing, "
           "--studies-without-coordinates)");
  }
  for (const int matrix : {options.protocol.sagittal_matrix, options.protocol.axial_matrix}) {
    demand(matrix, 32, 1024, "a matrix must have 32..1024 rows and columns (--sagittal-matrix, --axial-matrix)");
  }
}

/// What must not change between a run and its continuation.
nlohmann::json fingerprint(const DatasetOptions& options) {
  nlohmann::json json = {{"format", kDatasetFormat},
                         {"seed", options.seed},
                         {"sagittal_matrix", options.protocol.sagittal_matrix},
                         {"axial_matrix", options.protocol.axial_matrix},
                         {"noise", options.protocol.noise_factor},
                         {"label_noise", options.label_noise},
                         {"rsna_quirks", options.quirks == VendorQuirks::Rsna},
                         {"labels", options.labels}};
  for (const auto& condition : options.prevalence) json["prevalence"].push_back(condition);
  const CoordinateErrors& errors = options.coordinates;
  const std::array<double, 4> coordinates = {errors.noise_mm, errors.slips, errors.missing, errors.absent};
  if (coordinates != std::array<double, 4>{}) json["coordinates"] = coordinates;
  return json;
}

/// A continued run may add studies, not forget some: their images would lie there without rows in the tables.
void refuse_to_shrink(const DatasetOptions& options, const Layout& layout) {
  if (!fs::exists(layout.images())) return;
  std::set<std::string> wanted;
  for (int index = 0; index < options.studies; ++index) {
    wanted.insert(std::to_string(study_id_of(options.seed, index)));
  }
  for (const auto& entry : fs::directory_iterator(layout.images())) {
    if (wanted.count(entry.path().filename().string()) > 0) continue;
    throw Error(ErrorKind::Usage,
                text(layout.images().string(), " holds ", entry.path().filename().string(), ", which is not among ",
                     options.studies, " studies; ask for at least as many as before (--studies)"));
  }
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorKind::Failure,
                text("cannot create ", folder.string(), ": ", error.message(), "; name another folder with -o"));
  }
}

void prepare(const DatasetOptions& options, const Layout& layout) {
  const std::string wanted = fingerprint(options).dump(1) + "\n";
  if (fs::exists(layout.root) && !fs::is_directory(layout.root)) {
    throw Error(ErrorKind::Failure, text(layout.root.string(), " is a file; name a folder with -o"));
  }
  if (fs::exists(layout.root) && !fs::is_empty(layout.root)) {
    if (!options.resume) {
      throw Error(ErrorKind::Failure,
                  text(layout.root.string(), " is not empty; name another folder, or continue it with --resume"));
    }
    if (file_text(layout.options_file()) != wanted) {
      throw Error(ErrorKind::Usage, text(layout.root.string(), " was not begun with these options (see ",
                                         layout.options_file().string(), "); repeat them, or name another folder"));
    }
    refuse_to_shrink(options, layout);
  }
  create_folder(layout.images());
  create_folder(layout.state());
  fs::remove_all(layout.workshop());
  create_folder(layout.workshop());
  write_file_atomically(layout.workshop() / "options.json", wanted);
  fs::rename(layout.workshop() / "options.json", layout.options_file());
}

void make_study(const DatasetOptions& options, const Layout& layout, int index) {
  const std::uint64_t id = study_id_of(options.seed, index);
  const std::string name = std::to_string(id);
  const fs::path unfinished = layout.unfinished(id);
  fs::create_directories(unfinished / "images");
  const nlohmann::json truth = write_study(options, index, unfinished);
  write_file_atomically(unfinished / "truth.json", truth.dump() + "\n");
  fs::rename(unfinished / "truth.json", layout.truth(id));
  if (options.labels) {
    fs::create_directories(layout.labels());
    fs::remove_all(layout.labels() / name);
    fs::rename(unfinished / "labels", layout.labels() / name);
  }
  fs::rename(unfinished / "images", layout.images() / name);  // last: the mark of a complete study
  fs::remove_all(unfinished);
}

void make_studies(const DatasetOptions& options, const Layout& layout) {
  std::atomic<int> done{0};
  for_each_index(static_cast<size_t>(options.studies), options.jobs, [&](size_t i) {
    const int index = static_cast<int>(i);
    if (fs::exists(layout.images() / std::to_string(study_id_of(options.seed, index)))) {
      ++done;
      return;
    }
    make_study(options, layout, index);
    log_info(text("study ", ++done, " of ", options.studies));
  });
}

/// A text file of the data set's root that appears there whole.
class TextFile {
 public:
  TextFile(const Layout& layout, const std::string& name)
      : workshop_(layout.workshop() / name), path_(layout.root / name), file_(workshop_) {}
  void line(const std::vector<std::string>& fields) { put(csv_line(fields)); }
  void put(std::string_view content) { file_.write(content.data(), content.size()); }
  void commit() {
    file_.commit();
    fs::rename(workshop_, path_);
  }

 private:
  fs::path workshop_, path_;
  AtomicFile file_;
};

std::string plain(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void write_tables(const DatasetOptions& options, const Layout& layout) {
  TextFile train(layout, "train.csv");
  TextFile descriptions(layout, "train_series_descriptions.csv");
  TextFile coordinates(layout, "train_label_coordinates.csv");
  TextFile truth(layout, "truth.json");
  const std::vector<Finding> columns = train_csv_columns();
  std::vector<std::string> header = {"study_id"};
  for (const Finding& finding : columns) header.push_back(finding_key(finding));
  train.line(header);
  descriptions.line({"study_id", "series_id", "series_description"});
  coordinates.line({"study_id", "series_id", "instance_number", "condition", "level", "x", "y"});
  truth.put("[\n");
  for (int index = 0; index < options.studies; ++index) {
    const std::uint64_t id = study_id_of(options.seed, index);
    std::ifstream in(layout.truth(id));
    const nlohmann::json study = nlohmann::json::parse(in, nullptr, false);
    if (!study.is_object()) {
      throw Error(ErrorKind::Failure, text(layout.truth(id).string(), " is damaged; delete ",
                                           (layout.images() / std::to_string(id)).string(), " and run with --resume"));
    }
    std::vector<std::string> row = {std::to_string(id)};
    for (const Finding& finding : columns) row.push_back(study["labels"][finding_key(finding)]);
    train.line(row);
    for (const auto& series : study["series"]) {
      descriptions.line({std::to_string(id), plain(series["series_id"]), plain(series["description"])});
    }
    for (const auto& point : study["coordinates"]) {
      std::vector<std::string> fields;
      for (const auto& field : point) fields.push_back(plain(field));
      coordinates.line(fields);
    }
    truth.put(study.dump());
    truth.put(index + 1 < options.studies ? ",\n" : "\n");
  }
  truth.put("]\n");
  for (TextFile* table : {&train, &descriptions, &coordinates, &truth}) table->commit();
}

}  // namespace

std::vector<Finding> train_csv_columns() {
  std::vector<Finding> columns;
  for (const size_t group : {4, 0, 2, 1, 3}) {
    const auto first = all_findings().begin() + static_cast<std::ptrdiff_t>(group * kLevelCount);
    columns.insert(columns.end(), first, first + kLevelCount);
  }
  return columns;
}

void write_dataset(const DatasetOptions& options) {
  check(options);
  const Layout layout{options.folder};
  prepare(options, layout);
  make_studies(options, layout);
  write_tables(options, layout);
  fs::remove_all(layout.workshop());
}

}  // namespace lumbargrade::phantom
