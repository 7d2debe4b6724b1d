#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/finding.h"
#include "core/measure.h"
#include "crops/crop.h"
#include "grades/attention.h"
#include "volume/grid.h"

namespace lumbargrade {

/// Where a row's probabilities come from.
enum class GradeSource {
  Network,            ///< a grading network looked at the image
  Measure,            ///< a length measured in the image, through the bundle's calibration
  NetworkAndMeasure,  ///< both, mixed in the bundle's proportion
  Prior,              ///< nothing was looked at: how often the challenge's patients had each grade at this level
};

std::string_view source_name(GradeSource source);  ///< "network", "measure", "network+measure", "prior"

/// One measure of a finding.
struct MeasuredValue {
  double value = 0;
  std::optional<double>
      z;  ///< standard deviations above the level's mean in the bundle's reference sample, if it has one
};

/// By measure; nothing where it was not measured.
class MeasuredValues {
 public:
  std::optional<MeasuredValue>& operator[](Measure measure) { return values_[index_of(measure)]; }
  const std::optional<MeasuredValue>& operator[](Measure measure) const { return values_[index_of(measure)]; }

 private:
  std::array<std::optional<MeasuredValue>, kMeasureCount> values_;
};

/// What one source said of a finding and how much it counts. The shares of a row sum to 1.
struct Contribution {
  GradeSource source = GradeSource::Prior;  ///< Network, Measure or Prior
  double share = 0;                         ///< 0..1
  Probabilities probabilities{};
};

/// The grade of one finding with all that a reader needs to check it.
struct Grade {
  Finding finding{};
  Probabilities probabilities{};  ///< calibrated; sum to 1
  GradeSource source = GradeSource::Prior;
  std::vector<Contribution> contributions;  ///< what went into the probabilities; none has a share of 0
  double level_confidence = 0;      ///< 0..1 that the level is rightly found and named; 0 where it was not found
  std::string series_instance_uid;  ///< of the image that was graded; empty for a prior
  std::string sop_instance_uid;
  std::optional<Vector3> point_patient;   ///< the point graded, LPS, mm; empty for a prior
  PointOrigin point_origin = {};          ///< of that point
  MeasuredValues measured;                ///< all that was measured of this finding
  std::vector<Measure> decided_by;        ///< those that went into the probabilities; empty without a measure
  std::vector<std::string> flags;         ///< snake_case words
  std::vector<ImageAttention> attention;  ///< what the networks looked at; empty where they did not grade
};

/// All 25, in the order of all_findings().
using StudyGrades = std::array<Grade, kFindingCount>;

/// The sum of what the sources say, each by its share.
Probabilities mixed(const std::vector<Contribution>& contributions);

}  // namespace lumbargrade
