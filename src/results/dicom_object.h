#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "report/study_report.h"

class DcmDataset;
class OFCondition;

namespace lumbargrade::results {

/// The series that a result goes into; one of each kind a run.
enum class ResultKind { StructuredReport, SecondaryCapture, Segmentation };

/// What every result of a run shares.
struct ResultOrigin {
  std::shared_ptr<DcmDataset> source;  ///< header of the graded series
  std::string digest;                  ///< sha256 over all that decides the content: input, options, bundle, program
  std::string study_instance_uid;
  std::string program;       ///< "lumbargrade 0.1.0"
  std::string bundle;        ///< "lumbargrade-default 0.6.0"
  std::string content_date;  ///< "20261129", of the graded image, so that the same run gives the same bytes
  std::string content_time;  ///< "093000"
};

/// `options` are those that decide the results, as text. Throws Error where the source's header cannot be parsed.
ResultOrigin result_origin(const StudyReport& report, std::string_view options);

/// A UID below 2.25 (PS3.5 annex B.2) that is the same for the same content and purpose.
std::string derived_uid(std::string_view digest, std::string_view purpose);

/// Finishes a result: patient and study as the source has them and no more (absent where it has none, empty where the
/// standard wants the attribute), equipment, series and instance. `purpose` tells instances of a series apart;
/// `instance_number` counts them.
void complete(DcmDataset& dataset, const ResultOrigin& origin, ResultKind kind, const std::string& purpose,
              int instance_number);

/// The data set as a file, explicit VR little endian. Throws Error (Failure) where DCMTK cannot write it.
std::string file_bytes(DcmDataset& dataset);

/// Throws Error (Failure) that names what DCMTK refused.
void require_good(bool good, const char* what, const char* why);
void require_good(const OFCondition& condition, const char* what);

}  // namespace lumbargrade::results
