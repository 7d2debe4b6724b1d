#pragma once

#include "cli/networks/network_commands.h"

namespace lumbargrade::cli {

int run_grade(const GradeOptions& options, StudyReading& reading);
int run_crops(const CropOptions& options);
int run_model_info(const ModelOptions& options);
int run_model_verify(const ModelOptions& options);

}  // namespace lumbargrade::cli
