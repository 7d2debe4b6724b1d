#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lumbargrade {

/// Lumbar disc levels, from the head down.
enum class Level { L1L2, L2L3, L3L4, L4L5, L5S1 };
inline constexpr int kLevelCount = 5;
inline constexpr std::array<Level, kLevelCount> kLevels = {Level::L1L2, Level::L2L3, Level::L3L4, Level::L4L5,
                                                           Level::L5S1};

/// The patient's own side.
enum class Side { Left, Right };

enum class Condition { SpinalCanalStenosis, NeuralForaminalNarrowing, SubarticularStenosis };
inline constexpr int kConditionCount = 3;
inline constexpr std::array<Condition, kConditionCount> kConditions = {
    Condition::SpinalCanalStenosis, Condition::NeuralForaminalNarrowing, Condition::SubarticularStenosis};

enum class Severity { NormalMild, Moderate, Severe };
inline constexpr int kSeverityCount = 3;

/// One of the 25 things graded per study. The canal has no side; the other conditions always have one.
struct Finding {
  Condition condition;
  std::optional<Side> side;
  Level level;

  bool operator==(const Finding&) const = default;
};

inline constexpr int kFindingCount = 25;

/// All 25 findings in the order of the challenge's sample_submission.csv: left foraminal, left subarticular,
/// right foraminal, right subarticular, spinal canal; each from L1/L2 to L5/S1.
const std::array<Finding, kFindingCount>& all_findings();

/// Probabilities of {normal_mild, moderate, severe}.
using Probabilities = std::array<double, kSeverityCount>;

/// Divided by their sum.
Probabilities normalised(Probabilities probabilities);

/// Place of an enumerator in arrays that hold one entry for each of its kind: kLevelCount of a Level, and so on.
template <typename Enumeration>
requires std::is_enum_v<Enumeration>
constexpr std::size_t index_of(Enumeration enumerator) {
  return static_cast<std::size_t>(enumerator);
}

/// The class reported as the grade: the most probable one; of equals the more severe.
Severity most_probable(const Probabilities& probabilities);

std::string_view level_name(Level level);             ///< "L1/L2"
std::string_view level_key(Level level);              ///< "l1_l2"
std::string_view side_name(Side side);                ///< "left"
std::string_view condition_key(Condition condition);  ///< "spinal_canal_stenosis"
std::string_view severity_key(Severity severity);     ///< "normal_mild"

/// "left_neural_foraminal_narrowing_l1_l2": the challenge's column and row-id spelling.
std::string finding_key(const Finding& finding);

/// Accepts both spellings in circulation: "L1/L2" and "l1_l2". Empty when unknown.
std::optional<Level> parse_level(std::string_view text);

/// A row id of the challenge taken apart: "44036939_left_neural_foraminal_narrowing_l1_l2".
struct RowId {
  std::string study_id;
  std::size_t finding = 0;  ///< index in all_findings()
};
/// Empty when it is none.
std::optional<RowId> parse_row_id(std::string_view row_id);

}  // namespace lumbargrade
