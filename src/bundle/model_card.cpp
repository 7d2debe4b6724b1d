#include "bundle/model_card.h"

#include <algorithm>
#include <map>
#include <vector>

#include "bundle/measure_keys.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "core/words.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPlainTemplate = R"(# Model card: {{name}} {{version}}

**{{intended_use}}**

Licence of the weights: {{licence}}. {{attribution}}

## Networks
{{networks}}
## Measures
{{measures}}
Where nothing was measured and no network looked, a row is the prior: {{prior}}.

## Learned from
{{training_data}}
## Measured
{{metrics}})";

/// What a template's author did wrong.
class FieldError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string table_row(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) {
    std::string escaped;
    for (const char letter : cell) escaped += letter == '|' ? std::string("\\|") : std::string(1, letter);
    row += " " + escaped + " |";
  }
  return row + "\n";
}

std::string table_head(const std::vector<std::string>& names) {
  std::string rule = "|";
  for (size_t k = 0; k < names.size(); ++k) rule += "---|";
  return table_row(names) + rule + "\n";
}

std::string short_number(double value) {
  return short_decimals(value, 3);
}

std::string with_unit(const MetricSpec& metric) {
  return short_number(metric.value) + (metric.unit == "1" ? "" : " " + metric.unit);
}

std::string networks_table(const Manifest& manifest) {
  std::string table = table_head({"network", "does", "architecture", "from"});
  for (const NetworkSpec& network : manifest.networks) {
    std::vector<std::string> series;
    for (const InputSpec& input : network.inputs) series.insert(series.end(), input.series.begin(), input.series.end());
    const std::vector<Condition> graded = graded_conditions(network);
    const std::string does = graded.empty() ? network.role : name_of(graded);
    table += table_row({network.name, does, network.architecture, joined(series)});
  }
  return table;
}

std::string measures_table(const Manifest& manifest) {
  std::vector<std::string> names = {"measure", "weight", "width", "rests on"};
  for (const Level level : kLevels) names.push_back(std::string(level_name(level)) + ": moderate / severe below");
  std::string table = table_head(names);
  for (const MeasureKey& key : kMeasureKeys) {
    const auto& measure = manifest.grading.measure(key.measure);
    if (!measure) continue;
    std::vector<std::string> row = {key.key, short_number(measure->model_weight), short_number(measure->width),
                                    measure->source};
    for (const auto& cuts : measure->levels) {
      row.push_back(short_number(cuts.moderate_below) + " / " + short_number(cuts.severe_below));
    }
    table += table_row(row);
  }
  return table;
}

std::string training_table(const Manifest& manifest) {
  std::string table = table_head({"used for", "source", "number", "held-out figures", "licence"});
  for (const TrainingDataSpec& entry : manifest.training_data) {
    table += table_row({entry.used_for, entry.source, text(entry.count, " ", entry.unit), entry.split, entry.licence});
  }
  return table;
}

std::string metrics_table(const Manifest& manifest) {
  std::string table = table_head({"what", "figure", "value", "on", "n"});
  for (const MetricSpec& metric : manifest.metrics) {
    table += table_row({metric.what, metric.name, with_unit(metric), metric.set, std::to_string(metric.count)});
  }
  return table;
}

std::string csv_as_markdown(const fs::path& path) {
  if (!fs::is_regular_file(path)) throw FieldError(text(path.string(), " does not exist"));
  const CsvTable table = read_csv(path);
  std::string markdown = table_head(table.header);
  for (const auto& row : table.rows) markdown += table_row(row);
  return markdown;
}

/// "WHAT | NAME | SET"; the set may be missing.
const MetricSpec& named_metric(const Manifest& manifest, std::string_view names) {
  std::vector<std::string_view> parts;
  for (size_t start = 0; start <= names.size();) {
    const size_t end = std::min(names.find('|', start), names.size());
    parts.push_back(without_blanks(names.substr(start, end - start)));
    start = end + 1;
  }
  const auto found = std::find_if(manifest.metrics.begin(), manifest.metrics.end(), [&](const MetricSpec& metric) {
    return parts.size() >= 2 && metric.what == parts[0] && metric.name == parts[1] &&
           (parts.size() < 3 || metric.set == parts[2]);
  });
  if (found == manifest.metrics.end()) throw FieldError(text("the manifest has no such figure"));
  return *found;
}

/// A number of manifest.json by its JSON pointer (RFC 6901).
std::string number_at(const Manifest& manifest, const std::string& pointer) {
  const auto json = nlohmann::json::parse(manifest_text(manifest));
  try {
    return short_number(json.at(nlohmann::json::json_pointer(pointer)).get<double>());
  } catch (const nlohmann::json::exception&) {
    throw FieldError("the manifest has no such number");
  }
}

std::string field_value(const Manifest& manifest, const fs::path& folder, const std::string& field) {
  const std::string verb = field.substr(0, field.find(' '));
  const std::string rest(without_blanks(std::string_view(field).substr(verb.size())));
  if (verb == "figure") return with_unit(named_metric(manifest, rest));
  if (verb == "count") return std::to_string(named_metric(manifest, rest).count);
  if (verb == "value") return number_at(manifest, rest);
  if (verb == "table") return csv_as_markdown(folder / rest);
  const std::map<std::string, std::string> values = {{"name", manifest.name},
                                                     {"version", manifest.version},
                                                     {"intended_use", manifest.intended_use},
                                                     {"licence", manifest.licence},
                                                     {"attribution", joined(manifest.attribution, "; ")},
                                                     {"prior", manifest.grading.prior_source},
                                                     {"networks", networks_table(manifest)},
                                                     {"measures", measures_table(manifest)},
                                                     {"training_data", training_table(manifest)},
                                                     {"metrics", metrics_table(manifest)}};
  const auto value = values.find(field);
  if (value == values.end()) throw FieldError("there is no such field");
  return value->second;
}

}  // namespace

std::string model_card(const Manifest& manifest, const fs::path& folder, std::string_view card_template,
                       const std::string& template_name) {
  std::string card;
  for (size_t at = 0; at < card_template.size();) {
    const size_t open = std::min(card_template.find("{{", at), card_template.size());
    card += card_template.substr(at, open - at);
    if (open == card_template.size()) break;
    const size_t close = card_template.find("}}", open);
    const auto line = 1 + std::count(card_template.begin(), card_template.begin() + static_cast<long>(open), '\n');
    if (close == std::string_view::npos) {
      throw Error(ErrorKind::Usage, text(template_name, ", line ", line, ": {{ is not closed by }}"));
    }
    const std::string field(without_blanks(card_template.substr(open + 2, close - open - 2)));
    try {
      card += field_value(manifest, folder, field);
    } catch (const FieldError& error) {
      throw Error(ErrorKind::Usage, text(template_name, ", line ", line, ": {{", field, "}}: ", error.what()));
    }
    at = close + 2;
  }
  return card;
}

std::string_view plain_card_template() {
  return kPlainTemplate;
}

}  // namespace lumbargrade
