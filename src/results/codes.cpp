#include "results/codes.h"

#include <algorithm>
#include <array>

namespace lumbargrade::results {

Code probability_code(Severity severity) {
  static constexpr std::array<Code, kSeverityCount> kCodes = {
      {{"P_NORMAL_MILD", kPrivateScheme, "Probability of normal or mild"},
       {"P_MODERATE", kPrivateScheme, "Probability of moderate"},
       {"P_SEVERE", kPrivateScheme, "Probability of severe"}}};
  return kCodes[static_cast<size_t>(severity)];
}

Code grade_code(Severity severity) {
  static constexpr std::array<Code, kSeverityCount> kCodes = {codes::kNormalMild, codes::kModerate, codes::kSevere};
  return kCodes[static_cast<size_t>(severity)];
}

Code condition_code(Condition condition) {
  static constexpr std::array<Code, kConditionCount> kCodes = {
      {{"CANAL", kPrivateScheme, "Spinal canal stenosis"},
       {"FORAMEN", kPrivateScheme, "Neural foraminal narrowing"},
       {"SUBARTICULAR", kPrivateScheme, "Subarticular stenosis"}}};
  return kCodes[index_of(condition)];
}

Code level_code(Level level) {
  static constexpr std::array<Code, kLevelCount> kCodes = {
      {{"243920003", "SCT", "Level of L1/L2 intervertebral disc"},
       {"243921004", "SCT", "Level of L2/L3 intervertebral disc"},
       {"243922006", "SCT", "Level of L3/L4 intervertebral disc"},
       {"243923001", "SCT", "Level of L4/L5 intervertebral disc"},
       {"243927000", "SCT", "Level of L5/S1 intervertebral disc"}}};
  return kCodes[index_of(level)];
}

Code structure_code(const SpineStructure& structure) {
  static constexpr std::array<Code, kLevelCount> kVertebrae = {{{"66794005", "SCT", "L1 vertebra"},
                                                                {"14293000", "SCT", "L2 vertebra"},
                                                                {"36470004", "SCT", "L3 vertebra"},
                                                                {"11994002", "SCT", "L4 vertebra"},
                                                                {"49668003", "SCT", "L5 vertebra"}}};
  static constexpr std::array<Code, kLevelCount> kDiscs = {{{"80064006", "SCT", "L1/L2 disc"},
                                                            {"67459009", "SCT", "L2/L3 disc"},
                                                            {"62551000", "SCT", "L3/L4 disc"},
                                                            {"84020006", "SCT", "L4/L5 disc"},
                                                            {"715056000", "SCT", "L5/S1 disc"}}};
  if (structure.kind == StructureKind::Vertebra) return kVertebrae[structure.label - kFirstVertebraLabel];
  if (structure.kind == StructureKind::Disc) return kDiscs[structure.label - kFirstDiscLabel];
  return codes::kVertebralCanal;
}

DSRCodedEntryValue measure_code(const std::string& key, const std::string& words) {
  std::string value = key.substr(0, 16);
  std::transform(value.begin(), value.end(), value.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return {value.c_str(), kPrivateScheme, words.substr(0, 64).c_str()};
}

}  // namespace lumbargrade::results
