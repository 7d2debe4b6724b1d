#include "training/grader/crop_writer.h"

#include "core/error.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

void append_problems(const std::vector<DataProblem>& problems, nlohmann::json& list) {
  for (const DataProblem& problem : problems) list.push_back({problem.study_id, problem.finding, problem.reason});
}

nlohmann::json findings_json(const GraderSample& sample) {
  nlohmann::json findings = nlohmann::json::array();
  for (const LabelledFinding& labelled : sample.findings)
    findings.push_back({labelled.finding, labelled.severity ? static_cast<int>(*labelled.severity) : -1});
  return findings;
}

nlohmann::json offsets_json(const std::vector<std::optional<PointOffset>>& offsets) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& offset : offsets)
    rows.push_back(offset ? nlohmann::json{offset->column_mm, offset->row_mm, offset->slices} : nlohmann::json());
  return rows;
}

}  // namespace

CropWriter::CropWriter(std::vector<std::array<std::vector<fs::path>, 2>> files, const GraderRecipe& recipe,
                       const nlohmann::json& kept) {
  networks_.resize(files.size());
  for (size_t n = 0; n < files.size(); ++n) {
    for (size_t kind = 0; kind < files[n].size(); ++kind) {
      networks_[n].first_file[kind] = files_.size();
      for (size_t v = 0; v < files[n][kind].size(); ++v) {
        const View& view = recipe.networks[n].views[v];
        files_.push_back({files[n][kind][v], record_bytes(view, margin_of(view, recipe.augmentation)), n, kind});
      }
    }
  }
  const bool goes_on = !kept.is_null() && resume(kept);
  for (Records& records : files_) {
    records.file.open(records.partial(), std::ios::binary | (goes_on ? std::ios::app : std::ios::trunc));
    if (!records.file) throw_full(records.path);
  }
}

bool CropWriter::resume(const nlohmann::json& kept) {
  for (const Records& records : files_) {
    const auto bytes = kept.at("records").at(records.network).at(records.kind).get<size_t>() * records.bytes;
    std::error_code missing;
    const auto size = fs::file_size(records.partial(), missing);
    if (missing || size < bytes) return false;
    fs::resize_file(records.partial(), bytes);
  }
  for (size_t n = 0; n < networks_.size(); ++n) {
    networks_[n].counts = kept.at("records").at(n).get<std::array<size_t, 2>>();
    networks_[n].samples = kept.at("samples").at(n);
    networks_[n].offsets = kept.at("offsets").at(n);
  }
  skipped_ = kept.at("skipped");
  misplaced_ = kept.at("misplaced");
  next_study_ = kept.at("next_study").get<size_t>();
  return true;
}

nlohmann::json CropWriter::add_records(OfNetwork& network, CropPoint point, const std::optional<CropRecords>& records) {
  if (!records) return nullptr;
  const auto kind = static_cast<size_t>(point);
  for (size_t v = 0; v < records->size(); ++v) {
    const std::string& record = (*records)[v];
    files_[network.first_file[kind] + v].file.write(record.data(), static_cast<std::streamsize>(record.size()));
  }
  return network.counts[kind]++;
}

void CropWriter::add(const CutStudy& study) {
  for (size_t n = 0; n < networks_.size(); ++n) {
    OfNetwork& network = networks_[n];
    for (const CutSample& cut : study.networks[n]) {
      const nlohmann::json given = add_records(network, CropPoint::Given, cut.given);
      const nlohmann::json predicted = add_records(network, CropPoint::Predicted, cut.predicted);
      network.samples.push_back({cut.sample.study, findings_json(cut.sample), given, predicted, cut.sample.confidence,
                                 cut.sample.is_misnamed});
      if (!cut.offsets.empty()) network.offsets.push_back(offsets_json(cut.offsets));
    }
  }
  append_problems(study.skipped, skipped_);
  append_problems(study.misplaced, misplaced_);
  ++next_study_;
}

nlohmann::json CropWriter::state() {
  nlohmann::json state = {{"skipped", skipped_}, {"misplaced", misplaced_}, {"next_study", next_study_}};
  for (Records& records : files_) {
    if (!records.file.flush()) throw_full(records.path);
  }
  for (const OfNetwork& network : networks_) {
    state["records"].push_back(network.counts);
    state["samples"].push_back(network.samples);
    state["offsets"].push_back(network.offsets);
  }
  return state;
}

void CropWriter::finish() {
  for (Records& records : files_) {
    records.file.close();
    if (!records.file) throw_full(records.path);
    fs::rename(records.partial(), records.path);
  }
}

void CropWriter::throw_full(const fs::path& path) {
  throw Error(ErrorKind::Failure, text("cannot write the crops to ", path.parent_path().string(),
                                       ": is the disk full? --cache names another folder"));
}

}  // namespace lumbargrade
