#pragma once

#include <string>

#include "grades/grade.h"

namespace lumbargrade {

/// The grades of one study for people, within 80 columns: a line per level with its confidence, the canal's diameter,
/// and each finding's grade with its probability in percent. Grades in brackets are priors: nothing was looked at for
/// them.
std::string grades_table(const std::string& study_id, const StudyGrades& grades);

}  // namespace lumbargrade
