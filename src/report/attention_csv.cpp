#include "report/attention_csv.h"

#include "core/csv.h"
#include "core/number_text.h"

namespace lumbargrade {
namespace {

std::string row_of(const std::string& study_id, const Finding& finding, const ImageAttention& image) {
  return csv_line({study_id, std::string(condition_key(finding.condition)),
                   finding.side ? std::string(side_name(*finding.side)) : "", std::string(level_name(finding.level)),
                   image.view, image.series_instance_uid, image.sop_instance_uid,
                   fixed_decimals(image.weight, kTableDecimals)});
}

}  // namespace

std::string attention_csv(const std::string& study_id, const StudyGrades& grades) {
  std::string content =
      csv_line({"study_id", "condition", "side", "level", "view", "series_instance_uid", "sop_instance_uid", "weight"});
  for (const Grade& grade : grades) {
    for (const ImageAttention& image : grade.attention) content += row_of(study_id, grade.finding, image);
  }
  return content;
}

}  // namespace lumbargrade
