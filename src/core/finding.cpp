#include "core/finding.h"

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr std::array<std::string_view, kLevelCount> kLevelNames = {"L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/S1"};
constexpr std::array<std::string_view, kLevelCount> kLevelKeys = {"l1_l2", "l2_l3", "l3_l4", "l4_l5", "l5_s1"};
constexpr std::array<std::string_view, kConditionCount> kConditionKeys = {
    "spinal_canal_stenosis", "neural_foraminal_narrowing", "subarticular_stenosis"};
constexpr std::array<std::string_view, kSeverityCount> kSeverityKeys = {"normal_mild", "moderate", "severe"};

}  // namespace

const std::array<Finding, kFindingCount>& all_findings() {
  static const std::array<Finding, kFindingCount> findings = [] {
    constexpr std::array<std::pair<Condition, std::optional<Side>>, 5> kGroups = {{
        {Condition::NeuralForaminalNarrowing, Side::Left},
        {Condition::SubarticularStenosis, Side::Left},
        {Condition::NeuralForaminalNarrowing, Side::Right},
        {Condition::SubarticularStenosis, Side::Right},
        {Condition::SpinalCanalStenosis, std::nullopt},
    }};
    std::array<Finding, kFindingCount> made{};
    size_t next = 0;
    for (const auto& [condition, side] : kGroups) {
      for (Level level : kLevels) made[next++] = {condition, side, level};
    }
    return made;
  }();
  return findings;
}

std::string_view level_name(Level level) {
  return kLevelNames[index_of(level)];
}
std::string_view level_key(Level level) {
  return kLevelKeys[index_of(level)];
}
std::string_view side_name(Side side) {
  return side == Side::Left ? "left" : "right";
}
std::string_view condition_key(Condition condition) {
  return kConditionKeys[index_of(condition)];
}
std::string_view severity_key(Severity severity) {
  return kSeverityKeys[index_of(severity)];
}

std::string finding_key(const Finding& finding) {
  std::string key;
  if (finding.side) key = std::string(side_name(*finding.side)) + "_";
  return key + std::string(condition_key(finding.condition)) + "_" + std::string(level_key(finding.level));
}

std::optional<Level> parse_level(std::string_view text) {
  for (Level level : kLevels) {
    if (text == level_name(level) || text == level_key(level)) return level;
  }
  return std::nullopt;
}

Probabilities normalised(Probabilities probabilities) {
  const double sum = probabilities[0] + probabilities[1] + probabilities[2];
  for (double& probability : probabilities) probability /= sum;
  return probabilities;
}

Severity most_probable(const Probabilities& probabilities) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < probabilities.size(); ++k) {
    if (probabilities[k] >= probabilities[best]) best = k;
  }
  return static_cast<Severity>(best);
}

std::optional<RowId> parse_row_id(std::string_view row_id) {
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    // "spinal_canal_stenosis_l1_l2" ends no other key, so the first match is the only one.
    const std::string suffix = text("_", finding_key(all_findings()[i]));
    if (row_id.size() > suffix.size() && row_id.ends_with(suffix)) {
      return RowId{std::string(row_id.substr(0, row_id.size() - suffix.size())), i};
    }
  }
  return std::nullopt;
}

}  // namespace lumbargrade
