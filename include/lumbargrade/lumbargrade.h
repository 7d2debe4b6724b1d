#pragma once

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

/// Grades lumbar spine MRI from C++. Research use only, not for clinical use.
///
///     #include <lumbargrade/lumbargrade.h>
///
///     const lumbargrade::StudyGrader grader;
///     for (const auto& row : grader.grade("train_images/4003253").rows) {
///       std::cout << row.condition << " " << row.level << " " << row.severe << "\n";
///     }
///
/// This header needs nothing but the standard library.
namespace lumbargrade {

/// A measure of one finding.
struct RowMeasure {
  std::string name;         ///< of its column in grades.csv: "canal_ap_mm", "canal_ratio" ...
  double value = 0;         ///< in the unit that the name ends in
  std::optional<double> z;  ///< against the bundle's reference sample, where it has one
};

/// One of the 25 rows of a study, as in grades.csv.
struct GradeRow {
  std::string condition;   ///< "spinal_canal_stenosis", "neural_foraminal_narrowing", "subarticular_stenosis"
  std::string side;        ///< the patient's: "left", "right"; "" for the canal
  std::string level;       ///< "L1/L2" to "L5/S1"
  double normal_mild = 0;  ///< probabilities; the three sum to 1
  double moderate = 0;
  double severe = 0;
  std::string grade;                ///< "normal_mild", "moderate" or "severe": the most probable
  std::string source;               ///< "network", "measure", or "prior" when nothing was looked at
  double level_confidence = 0;      ///< 0..1; 0 where the level was not found
  std::string series_instance_uid;  ///< of the image that was graded; "" for a prior
  std::string sop_instance_uid;
  std::optional<std::array<double, 3>> point_mm;  ///< the point graded, patient space (LPS)
  std::vector<RowMeasure> measures;               ///< all that was measured of this finding
  std::vector<std::string> decided_by;            ///< names of those that went into the probabilities
  std::vector<std::string> flags;
};

struct GradedStudy {
  std::string study_id;
  std::string study_instance_uid;
  std::vector<GradeRow> rows;  ///< 25, in the order of the challenge's submission
  std::vector<std::string> warnings;
};

/// Settings that stay the same from study to study.
struct GraderSettings {
  std::string bundle;          ///< folder of the model bundle; "": the shipped one
  std::string device = "cpu";  ///< "cpu", "cuda" or "auto"
  int threads = 0;             ///< 0: one per core
  std::string lowest_disc;     ///< "L5/S1", "L4/L5" or "L6/S1"; "": counted from the sacrum
};

/// Loads a bundle once and grades any number of studies with it. Errors are std::runtime_error with a sentence that
/// says what is wrong and what helps. One object may be used by one thread at a time.
class StudyGrader {
 public:
  explicit StudyGrader(const GraderSettings& settings = {});
  ~StudyGrader();
  StudyGrader(StudyGrader&&) noexcept;
  StudyGrader& operator=(StudyGrader&&) noexcept;

  /// Reads every DICOM file below `study_folder` and grades the study.
  GradedStudy grade(const std::string& study_folder) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lumbargrade
