#include "bundle/bundle_card.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace lumbargrade {
namespace {

nlohmann::json read_card(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::Usage, text("cannot read the card ", path.string()));
  try {
    return nlohmann::json::parse(file);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Usage, text("the card ", path.string(), " is not JSON: ", error.what()));
  }
}

/// Puts `fresh` in the place of what `entries` say of the same subjects.
template <typename Entry>
void replace(std::vector<Entry>& entries, std::vector<Entry> fresh, std::string Entry::*subject) {
  std::erase_if(entries, [&](const Entry& old) {
    return std::any_of(fresh.begin(), fresh.end(), [&](const Entry& entry) { return entry.*subject == old.*subject; });
  });
  std::move(fresh.begin(), fresh.end(), std::back_inserter(entries));
}

std::vector<TrainingDataSpec> training_data_of(const nlohmann::json& card) {
  std::vector<TrainingDataSpec> entries;
  for (const auto& entry : card.at("training_data")) {
    entries.push_back({entry.at("used_for"), entry.at("source"), entry.at("licence"), entry.at("count"),
                       entry.at("unit"), entry.at("split")});
  }
  return entries;
}

std::vector<MetricSpec> metrics_of(const nlohmann::json& card) {
  std::vector<MetricSpec> entries;
  if (!card.contains("metrics")) return entries;
  for (const auto& entry : card.at("metrics")) {
    entries.push_back(
        {entry.at("what"), entry.at("name"), entry.at("value"), entry.at("unit"), entry.at("set"), entry.at("count")});
  }
  return entries;
}

}  // namespace

void describe_from_card(Manifest& manifest, const std::filesystem::path& path) {
  const nlohmann::json card = read_card(path);
  try {
    manifest.name = card.at("name").get<std::string>();
    manifest.version = card.at("version").get<std::string>();
    manifest.licence = card.at("licence").get<std::string>();
    manifest.attribution = card.at("attribution").get<std::vector<std::string>>();
    replace(manifest.training_data, training_data_of(card), &TrainingDataSpec::used_for);
    replace(manifest.metrics, metrics_of(card), &MetricSpec::what);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Usage, text("the card ", path.string(), " is incomplete: ", error.what()));
  }
}

}  // namespace lumbargrade
