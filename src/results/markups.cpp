#include "results/markups.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/statistics.h"
#include "report/grades_csv.h"
#include "report/severity_style.h"
#include "results/codes.h"

namespace lumbargrade::results {
namespace {

using MarkupsJson = nlohmann::ordered_json;

constexpr const char* kMarkupsSchema =
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#";

MarkupsJson rounded_point(const Vector3& patient) {
  MarkupsJson point = MarkupsJson::array();
  for (int axis = 0; axis < 3; ++axis) point.push_back(to_thousandths(patient[axis]));
  return point;
}

MarkupsJson control_point(size_t number, const std::string& label, const std::string& description,
                          const Vector3& patient) {
  return {{"id", std::to_string(number)},
          {"label", label},
          {"description", description},
          {"position", rounded_point(patient)},
          {"selected", true},
          {"locked", true},
          {"visibility", true},
          {"positionStatus", "defined"}};
}

MarkupsJson fiducials(const char* name, MarkupsJson points) {
  return {{"type", "Fiducial"},      {"name", name},   {"coordinateSystem", "LPS"},
          {"coordinateUnits", "mm"}, {"locked", true}, {"controlPoints", std::move(points)}};
}

std::string printed(const MarkupsJson& json) {
  return json.dump(2, ' ', false, MarkupsJson::error_handler_t::replace) + "\n";
}

}  // namespace

std::string masks_json(const StudyReport& report, const SpineMasks& masks) {
  MarkupsJson structures = MarkupsJson::array();
  for (const MaskedStructure& found : masked_structures(masks, report.sagittal)) {
    const Code code = structure_code(found.structure);
    structures.push_back({{"label", found.structure.label},
                          {"name", found.structure.name},
                          {"code", {{"value", code.value}, {"scheme", code.scheme}, {"meaning", code.meaning}}},
                          {"centroid_mm", rounded_point(found.centroid_patient)},
                          {"volume_mm3", std::round(found.volume_mm3)}});
  }
  return printed({{"format_version", 1},
                  {"notice", kNotice},
                  {"study_id", report.study_id},
                  {"series_instance_uid", report.sagittal.series_instance_uid},
                  {"structures", structures}});
}

std::string markups_json(const StudyReport& report, const SpineMasks& masks) {
  MarkupsJson structures = MarkupsJson::array(), grades = MarkupsJson::array();
  for (const MaskedStructure& found : masked_structures(masks, report.sagittal)) {
    if (found.structure.kind == StructureKind::Canal) continue;
    structures.push_back(
        control_point(structures.size() + 1, std::string(found.structure.name), "", found.centroid_patient));
  }
  for (const Grade& grade : report.grades) {
    if (!grade.point_patient) continue;
    grades.push_back(
        control_point(grades.size() + 1, finding_key(grade.finding), grade_words(grade), *grade.point_patient));
  }
  return printed(
      {{"@schema", kMarkupsSchema},
       {"markups", {fiducials("LumbarGrade structures", structures), fiducials("LumbarGrade grades", grades)}}});
}

}  // namespace lumbargrade::results
