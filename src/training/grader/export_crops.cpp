#include "training/grader/export_crops.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "bundle/manifest.h"
#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "training/grader/fold_training.h"
#include "training/imported/exported_crops.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

std::string label_word(const LabelledFinding& labelled) {
  return labelled.severity ? std::string(severity_key(*labelled.severity)) : "";
}

/// A NumPy file of bytes, version 1.0 of the format, written piece by piece.
class NumpyFile {
 public:
  NumpyFile(const fs::path& path, const std::vector<size_t>& shape) : file_(path) {
    std::string sizes;
    for (const size_t size : shape) sizes += text(size, ",");
    std::string header = text("{'descr': '|u1', 'fortran_order': False, 'shape': (", sizes, "), }");
    constexpr size_t kAlignment = 64, kPrefix = 10;
    header.append(kAlignment - (kPrefix + header.size() + 1) % kAlignment, ' ');
    header += '\n';
    const auto length = static_cast<std::uint16_t>(header.size());
    const std::array<char, 2> bytes = {static_cast<char>(length & 0xFFU), static_cast<char>(length >> 8U)};
    file_.write("\x93NUMPY\x01\x00", 8);
    file_.write(bytes.data(), bytes.size());
    file_.write(header.data(), header.size());
  }
  void add(std::string_view bytes) { file_.write(bytes.data(), bytes.size()); }
  void finish() { file_.commit(); }

 private:
  AtomicFile file_;
};

class Exporter {
 public:
  Exporter(const CropExport& options, const GraderData& data, fs::path folder)
      : options_(options),
        data_(data),
        folder_(std::move(folder)),
        folds_(folds_of_studies(data.study_ids.size(), options.recipe.folds, options.seed)) {}

  void run() {
    nlohmann::ordered_json json = {{"format", kExportedCropsFormat},
                                   {"version", version()},
                                   {"data", options_.data.data.string()},
                                   {"recipe", options_.recipe.name},
                                   {"folds", options_.recipe.folds},
                                   {"seed", options_.seed},
                                   {"networks", nlohmann::ordered_json::array()}};
    for (size_t n = 0; n < data_.networks.size(); ++n) json["networks"].push_back(network(n));
    write_file_atomically(folder_ / kExportedCropsFile, json.dump(1) + "\n");
  }

 private:
  /// The first that knows what is exported.
  int version() const {
    const auto& networks = options_.recipe.networks;
    const bool any_several = std::any_of(networks.begin(), networks.end(),
                                         [](const NetworkRecipe& network) { return network.conditions.size() > 1; });
    return any_several ? kExportedCropsVersion : kFirstExportedCropsVersion;
  }

  nlohmann::ordered_json network(size_t n) {
    const NetworkRecipe& recipe = options_.recipe.networks[n];
    const bool several = recipe.conditions.size() > 1;
    const std::string name = text(n, "-", name_of(recipe.conditions));
    make_folder(folder_ / name);
    std::vector<const GraderSample*> samples;
    for (const GraderSample& sample : data_.networks[n].samples) {
      if (sample.has_crop()) samples.push_back(&sample);
    }
    if (several) {
      write_regions(folder_ / name / kExportedRegionsFile, recipe, samples);
    } else {
      write_findings(folder_ / name / kExportedFindingsFile, samples);
    }
    nlohmann::ordered_json views = nlohmann::ordered_json::array();
    for (size_t v = 0; v < recipe.views.size(); ++v) views.push_back(view(n, v, samples, name));
    log_info(text(name, ": ", samples.size(), " of ", data_.networks[n].samples.size(),
                  several ? " regions have crops" : " findings have crops"));
    nlohmann::ordered_json json = {{"folder", name}};
    if (several) {
      for (const Condition condition : recipe.conditions) json["conditions"].push_back(condition_key(condition));
    } else {
      json["condition"] = condition_key(recipe.conditions.front());
    }
    json[several ? "regions" : "findings"] = samples.size();
    json["views"] = views;
    return json;
  }

  void write_findings(const fs::path& path, const std::vector<const GraderSample*>& samples) const {
    std::string table = csv_line({"study_id", "finding", "label", "fold", "given", "predicted"});
    for (const GraderSample* sample : samples) {
      const auto study = static_cast<size_t>(sample->study);
      const LabelledFinding& labelled = sample->findings.front();
      table += csv_line({data_.study_ids[study], finding_key(all_findings()[labelled.finding]), label_word(labelled),
                         text(folds_[study]), sample->given ? "1" : "0", sample->predicted ? "1" : "0"});
    }
    write_file_atomically(path, table);
  }

  /// A row for each region, with a label for each condition.
  void write_regions(const fs::path& path, const NetworkRecipe& recipe,
                     const std::vector<const GraderSample*>& samples) const {
    std::vector<std::string> header = {"study_id", "level", "side", "fold", "given", "predicted"};
    for (const Condition condition : recipe.conditions) header.emplace_back(condition_key(condition));
    std::string table = csv_line(header);
    for (const GraderSample* sample : samples) {
      const auto study = static_cast<size_t>(sample->study);
      // Of several conditions one has a side.
      const Finding& sided = all_findings()[sample->findings.back().finding];
      std::vector<std::string> row = {
          data_.study_ids[study], std::string(level_key(sided.level)), std::string(side_name(*sided.side)),
          text(folds_[study]),    sample->given ? "1" : "0",           sample->predicted ? "1" : "0"};
      for (const LabelledFinding& labelled : sample->findings) row.push_back(label_word(labelled));
      table += csv_line(row);
    }
    write_file_atomically(path, table);
  }

  nlohmann::ordered_json view(size_t n, size_t v, const std::vector<const GraderSample*>& samples,
                              const std::string& folder) {
    const View& view = options_.recipe.networks[n].views[v];
    const CropMargin margin = margin_of(view, options_.recipe.augmentation);
    nlohmann::ordered_json json = {{"input", nlohmann::ordered_json::parse(image_input_json(input_of(view)).dump())},
                                   {"margin_slices", margin.slices},
                                   {"margin_px", margin.pixels}};
    for (const CropPoint point : kCropPoints) {
      const auto has_it = [&](const GraderSample* sample) { return sample->record(point).has_value(); };
      if (std::none_of(samples.begin(), samples.end(), has_it)) continue;
      const std::string pixels = text(view.name, ".", name_of(point), ".npy"),
                        valid = text(view.name, ".", name_of(point), ".valid.npy");
      write_arrays(data_.networks[n].crops(point)[v], margin, point, samples, folder_ / folder / pixels,
                   folder_ / folder / valid);
      json[name_of(point)] = {{"pixels", pixels}, {"valid", valid}};
    }
    return json;
  }

  static void write_arrays(const CropFile& file, const CropMargin& margin, CropPoint point,
                           const std::vector<const GraderSample*>& samples, const fs::path& pixels_path,
                           const fs::path& valid_path) {
    const auto [slices, size] = extent_of(file.view(), margin);
    NumpyFile pixels(pixels_path, {samples.size(), slices, size, size}), valid(valid_path, {samples.size(), slices});
    const std::string zeros(record_bytes(file.view(), margin), '\0');
    for (const GraderSample* sample : samples) {
      const auto place = sample->record(point);
      const std::string record = place ? file.inner_record(*place, margin) : zeros;
      pixels.add(std::string_view(record).substr(0, record.size() - slices));
      valid.add(std::string_view(record).substr(record.size() - slices));
    }
    pixels.finish();
    valid.finish();
  }

  const CropExport& options_;
  const GraderData& data_;
  fs::path folder_;
  std::vector<int> folds_;
};

}  // namespace

void export_crops(const CropExport& options) {
  if (fs::exists(options.out)) {
    throw Error(ErrorKind::Failure, text(options.out.string(), " is there already; give another --export"));
  }
  const fs::path partial = options.out.string() + ".partial";
  make_folder(partial);
  GraderDataOptions data = options.data;
  if (data.cache.empty()) data.cache = partial / ".crops";
  Exporter(options, load_grader_data(options.recipe, data), partial).run();
  if (options.data.cache.empty()) fs::remove_all(data.cache);
  fs::rename(partial, options.out);
  log_info(text("crops written to ", options.out.string(), "; docs/pytorch.md says what each file is"));
}

}  // namespace lumbargrade
